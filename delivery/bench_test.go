package delivery_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"achim/delivery"
)

// BenchmarkRender is what writing down a full working day costs.
func BenchmarkRender(b *testing.B) {
	story, err := txtar.ParseFile("testdata/heavy.ko.txtar")
	if err != nil {
		b.Fatal(err)
	}
	day, _ := tell(b, story)
	r := delivery.NewRenderer(house())
	b.ReportAllocs()
	for b.Loop() {
		r.Render(day)
	}
}
