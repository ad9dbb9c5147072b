package briefing_test

import (
	"testing"

	"achim/briefing"
)

func TestSameAddress(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"minji@gaon.example", "Minji@GAON.example", true},
		{"min.ji@gmail.com", "minji@googlemail.com", true},
		{"min.ji@gaon.example", "minji@gaon.example", false}, // dots count everywhere else
		{"minji@gmail.com.evil.example", "minji@gmail.com", false},
		{"minji@mail.gmail.com", "minji@gmail.com", false},
		{"min.ji@evil@gmail.com", "minji@evil@gmail.com", true},
		{"minji+a@gmail.com", "minji@gmail.com", false}, // Google never names an account so
		{" minji@gaon.example", "minji@gaon.example", true},
		{"", "", false}, {"@gmail.com", "@gmail.com", false}, {"minji", "minji", false}, {"minji@", "minji@", false},
	} {
		if got := briefing.SameAddress(c.a, c.b); got != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
