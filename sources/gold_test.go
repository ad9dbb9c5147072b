package sources_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"achim/briefing"
	"achim/internal/standin"
)

// gold reads a set that others have labelled, where it is at hand.
func gold(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "shared", "corpus", "gold", name))
	if err != nil {
		t.Skip("no labelled sets of others beside the checkout: TestLabelledRequests and TestLabelledMails have our own")
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// toldInBatches tells mails to one person, as many at a time as are read, and returns what is told by id.
func toldInBatches(t *testing.T, bodies []string) []briefing.Item {
	t.Helper()
	const most = 100
	told := make([]briefing.Item, len(bodies))
	for start := 0; start < len(bodies); start += most {
		var mail []standin.Mail
		for i := start; i < min(start+most, len(bodies)); i++ {
			mail = append(mail, standin.Mail{ID: fmt.Sprintf("%06d", i), From: "Dana Kim <dana@corp.example>", Body: bodies[i], Date: monday().Add(-time.Hour)})
		}
		h := build(t, standin.Account{Mail: mail})
		h.connect()
		for _, item := range h.must(t, briefing.Gmail).Items {
			var i int
			if _, err := fmt.Sscanf(item.ID, "%d", &i); err != nil {
				t.Fatal(err)
			}
			told[i] = item
		}
	}
	return told
}

// TestGoldRequests measures how well English sentences that ask for something are told from others, by what strangers
// called a request. Theirs is wider than ours: it takes in plans to meet, offers and advertisements.
func TestGoldRequests(t *testing.T) {
	var asks []bool
	var sentences []string
	for _, row := range gold(t, "EmailIntentDataSet__src_resources_Ask0729-fixed.txt") {
		if label, sentence, ok := strings.Cut(row, "\t"); ok {
			asks, sentences = append(asks, label == "Yes"), append(sentences, strings.ToValidUTF8(strings.TrimSpace(sentence), ""))
		}
	}
	var got tally
	for i, item := range toldInBatches(t, sentences) {
		got.add(asks[i], item.Group == briefing.NeedsReply)
	}
	t.Logf("requests in %d sentences: %s", len(sentences), got)
	if got.precision() < .75 || got.recall() < .5 {
		t.Error("that is worse than it was")
	}
}

// TestGoldSubjects measures how well the line of a mail says what four people, its sender among them, said in the
// subjects they gave it.
func TestGoldSubjects(t *testing.T) {
	var bodies []string
	var subjects []map[string]bool
	for _, row := range gold(t, "aeslc_test_shared.jsonl") {
		var mail struct{ Body, Subject, Ann0, Ann1, Ann2 string }
		if err := json.Unmarshal([]byte(row), &mail); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, mail.Body)
		subjects = append(subjects, wordsOf(mail.Subject, mail.Ann0, mail.Ann1, mail.Ann2))
	}
	lines, hits := 0, 0
	for i, item := range toldInBatches(t, bodies) {
		lines += one(item.Text != "")
		for word := range wordsOf(item.Text) {
			if subjects[i][word] {
				hits++
				break
			}
		}
	}
	t.Logf("%d mails, %d lines, %d of them share a word with what people called the mail (%.2f)", len(bodies), lines, hits, share(hits, lines))
	if lines < len(bodies)*9/10 || share(hits, lines) < .5 {
		t.Error("that is worse than it was")
	}
}

// wordsOf are the words of four letters and more.
func wordsOf(texts ...string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(strings.Join(texts, " ")), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(word) >= 4 {
			words[word] = true
		}
	}
	return words
}
