package delivery_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"achim/delivery"
)

// BenchmarkRender is what writing down a full working day costs.
func BenchmarkRender(b *testing.B) { benchmarkStory(b, "heavy.ko") }

// BenchmarkRenderHeaviest is what it costs when no room is large enough but the last ones.
func BenchmarkRenderHeaviest(b *testing.B) { benchmarkStory(b, "heaviest.ko") }

func benchmarkStory(b *testing.B, name string) {
	b.Helper()
	story, err := txtar.ParseFile("testdata/" + name + ".txtar")
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
