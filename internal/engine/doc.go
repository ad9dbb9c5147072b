// Package engine works on ledger entries: it decides when and where, never whether. Every engine calls one
// function, Work(ctx, id, epoch), and knows nothing else of what an entry is; the ledger's fences make a
// call that comes twice, late or on the wrong machine do nothing.
//
// Local is the engine of one process, on either database: it reads the ledger for what is due, bounded
// workers at a time, and sleeps until the next due instant. River is the engine of any number of processes on
// PostgreSQL, which share the work through a queue of jobs.
package engine
