// Package app is the only package that knows all the others. It wires them from a configuration (New),
// serves (Start) and takes everything down again in the opposite order (Stop). Commands are thin: what they
// do is here, so that tests do what a person would.
package app
