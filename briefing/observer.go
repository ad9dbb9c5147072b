package briefing

import "time"

// Observer is told what happened, for logs and metrics. Its functions may be nil and must not block.
type Observer struct {
	SourceRead func(s Section, err error, took time.Duration)
	Moved      func(e Entry, outcome Outcome)
	Trouble    func(e Entry, err error) // a refusal or a failure that the entry survives
}

func (o Observer) sourceRead(s Section, err error, took time.Duration) {
	if o.SourceRead != nil {
		o.SourceRead(s, err, took)
	}
}

func (o Observer) moved(e Entry, outcome Outcome) {
	if o.Moved != nil {
		o.Moved(e, outcome)
	}
}

func (o Observer) trouble(e Entry, err error) {
	if o.Trouble != nil {
		o.Trouble(e, err)
	}
}
