package app

import (
	"time"

	"achim/internal/summary"
	"achim/internal/telemetry"
)

// wireEditor lets a language model edit briefings, if there is to be one.
func (a *App) wireEditor() {
	cfg := a.Config
	if !cfg.ModelOn() {
		return
	}
	a.editor = summary.New(summary.Config{BaseURL: cfg.OpenAI.BaseURL, APIKey: cfg.OpenAI.APIKey, Model: cfg.OpenAI.Model,
		Budget: cfg.Summary.Budget, Now: a.now, Edited: a.edited})
	a.Pipeline.Editor, a.Pipeline.EditFor = a.editor, cfg.Summary.Budget
}

// edited logs and counts what came of asking the model. Of ten thousand readers who do without because it failed before,
// there is nothing to say.
func (a *App) edited(r summary.Result) {
	a.Metrics.ModelAsked(telemetry.ModelUse{Result: string(r.Outcome), Took: r.Took, PromptTokens: r.PromptTokens, AnswerTokens: r.AnswerTokens,
		Taken: r.Lines, Refused: r.Refused})
	took := r.Took.Round(time.Millisecond)
	if r.Err != nil {
		a.Logger.Warn("the language model was of no use; the briefing goes without", "reason", r.Outcome, "error", r.Err, "took", took)
		return
	}
	a.Logger.Debug("language model", "outcome", r.Outcome, "took", took, "lines", r.Lines, "refused", r.Refused)
}
