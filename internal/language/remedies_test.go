package language_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/language"
)

// TestReasonsAreAllHere holds the list of this test against the declaration: a new reason needs words.
func TestReasonsAreAllHere(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../briefing/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []briefing.Reason
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, briefing.Reason(value))
		}
		break // the first group: why a source could not be read
	}
	slices.Sort(declared)
	if here := slices.Sorted(slices.Values(reasons)); !slices.Equal(declared, here) {
		t.Errorf("declared %q, here %q", declared, here)
	}
}

// TestRemedies: each reason says who mends it. Whoever can do nothing is told so, whoever can is told what; and nobody is
// told a cause that Google has not named.
func TestRemedies(t *testing.T) {
	words := map[briefing.Language]map[briefing.Mender]string{
		briefing.Korean: {
			briefing.MenderReader:   "바로 채워 드립니다",
			briefing.MenderOperator: "하실 일은 없습니다. 고쳐지는 대로 이 메시지에 채워 드립니다.",
			briefing.MenderAdmin:    "관리자에게 이 앱을 허용해 달라고 요청해 주세요. 연결은 그대로 두었고, 매일 다시 확인합니다.",
			briefing.MenderNobody:   "하실 일은 없습니다. 읽는 대로 이 메시지에 채워 드립니다.",
		},
		briefing.English: {
			briefing.MenderReader:   "fill in this message right away",
			briefing.MenderOperator: "Nothing for you to do. We'll fill in this message once it is fixed.",
			briefing.MenderAdmin:    "administrator to allow this app. Your connection is kept, and we look again every day.",
			briefing.MenderNobody:   "Nothing for you to do. We'll fill in this message as soon as we've read it.",
		},
	}
	// Of a feed that we refuse nothing is promised.
	refused := map[briefing.Language]string{
		briefing.Korean:  "하실 일은 없습니다. Achim을 운영하는 분만 고칠 수 있습니다.",
		briefing.English: "Nothing for you to do. Only whoever runs Achim can fix it.",
	}
	guesses := regexp.MustCompile(`(?i)만료|해지|탈퇴|삭제|취소하|7일|테스트|expired|revoked|deleted|seven days|testing|rapt|invalid_|session`)
	for _, code := range languages {
		troubles(func(name string, trouble language.Trouble) {
			w := language.For(code).Trouble(trouble)
			lines := strings.Join(w.Lines, " ")
			for mender, remedy := range words[code] {
				if mender == briefing.MenderOperator && trouble.Provider == briefing.Feeds && trouble.Reason == briefing.ClientMisconfigured {
					remedy = refused[code]
				}
				if holds := strings.Contains(lines, remedy); holds != (mender == trouble.Reason.Mender()) {
					t.Errorf("%s: %s: the remedy of the %s: %v in %q", code, name, mender, holds, lines)
				}
			}
			all := strings.Join([]string{w.Title, lines, w.Note, w.Short, w.Button, w.Spoken}, "\n")
			if guess := guesses.FindString(all); guess != "" {
				t.Errorf("%s: %s: guesses %q in %q", code, name, guess, all)
			}
			if again := regexp.MustCompile(`비밀번호|password`).MatchString(all); again && trouble.Reason != briefing.ReauthRequired {
				t.Errorf("%s: %s: speaks of passwords: %q", code, name, all)
			}
		})
	}
}
