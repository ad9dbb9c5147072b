// Package house holds no code. Its tests read the source tree and hold what no compiler does: which
// package may import which, how long a file and a function may be, that everything exported is
// documented, and that the documents speak of files and tests that exist.
//
// Every rule is a line of a table in house_test.go. To change a rule, change its line, and the line in
// .golangci.yml that shows the same fault in an editor.
package house
