package httpserver

// Patterns are those of the routes that are always there.
func Patterns() []string {
	var all []string
	for _, route := range (&server{}).routes() {
		all = append(all, route.pattern)
	}
	return all
}
