package briefing_test

import (
	"slices"
	"testing"

	"achim/briefing"
)

// TestItemIsKnownByAllItsKeys: whichever version of a story comes tomorrow, it was told.
func TestItemIsKnownByAllItsKeys(t *testing.T) {
	for _, c := range []struct {
		item briefing.Item
		want []string
	}{
		{briefing.Item{ID: "1"}, []string{"1"}},
		{briefing.Item{ID: "1", Key: "a"}, []string{"a"}},
		{briefing.Item{ID: "1", Key: "a", Keys: []string{"b", "c"}}, []string{"a", "b", "c"}},
	} {
		if got := c.item.Known(); !slices.Equal(got, c.want) {
			t.Errorf("%+v is known by %q, want %q", c.item, got, c.want)
		}
	}
}
