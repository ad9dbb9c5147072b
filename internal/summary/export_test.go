package summary

import "achim/briefing"

// Faithful says whether a line may be told of an item with this text.
var Faithful = faithful

// AtOnce and InLine are how many may ask.
const (
	AtOnce = atOnce
	InLine = inLine
)

// Answered is what becomes of a request when the model says text; ok is false when that is no answer.
func Answered(req briefing.EditRequest, text string) (sections []briefing.Section, ok bool) {
	q, asked := ask(req)
	if !asked {
		return req.Sections, false
	}
	a, err := read(text, q.candidates)
	if err != nil {
		return req.Sections, false
	}
	sections, _, _ = a.apply(req, q.candidates)
	return sections, true
}

// Asked is what a model is told; "" when it is not asked.
func Asked(req briefing.EditRequest) (system, data string) {
	q, _ := ask(req)
	return q.system, q.data
}
