package briefing

import "context"

// Editor chooses among what the sections hold, puts it in order and picks their lines. It adds nothing: what it returns are
// the items it was given. Implementations are safe for concurrent use.
type Editor interface {
	// Edit returns the sections as they are to be told, each as it was where nothing better is known. It comes back
	// within its own deadline or ctx's, whichever is earlier, and never fails a briefing.
	Edit(ctx context.Context, req EditRequest) []Section
}

// EditRequest is what an Editor is asked. It must not change what it points to.
type EditRequest struct {
	Reader   Reader
	Language Language
	Date     Date
	Sections []Section
}
