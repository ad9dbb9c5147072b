// Package briefing says what exists in Achim and in what order things happen.
//
// It is the vocabulary every other package speaks and the pipeline they all serve; it imports only the
// standard library. Sources, delivery and store are adapters around it, and never know one another.
//
//	          planner / trigger                         engine
//	                 │ writes an Entry                    │ Work(ctx, id, epoch)
//	                 ▼                                    ▼
//	reader ──▶ Entry(planned) ──Prepare──▶ prepared ──Deliver──▶ sending ──▶ delivered ──▶ (Mend)
//	                              │                                │
//	      credentials, sources at once, Compose          post, or reconcile by marker
//
// The words, one meaning each:
//
//   - A Reader is a person who gets a briefing.
//   - An Entry is what must be delivered exactly once: one reader, one local Date, one Slot. The ledger
//     of entries decides whether something is sent; an engine decides only when and where it is worked on.
//   - A Source reads one thing (Gmail, Google Calendar, news) for one reader and returns a Section.
//   - A Verdict says how that reading went. Empty is never unknown: VerdictEmpty means read in full.
//   - A Reason says why something failed, in a closed vocabulary that is made at the edge, decided on
//     in the middle and shown at the rim.
//   - A Briefing is the content of an entry: codes and numbers, composed by pure functions. Delivery
//     chooses the words.
//   - A Run is one trigger and the entries it touched.
//
// Times are instants (time.Time) unless they are a Date, which belongs to a calendar and has no zone.
package briefing
