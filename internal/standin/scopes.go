package standin

import (
	"slices"
	"strings"
)

const scopePrefix = "https://www.googleapis.com/auth/"

// scopeSet is a set of scopes in Google's own spelling.
type scopeSet map[string]bool

func newScopeSet(scopes ...string) scopeSet {
	s := scopeSet{}
	for _, one := range scopes {
		for _, f := range strings.Fields(one) {
			s[canonicalScope(f)] = true
		}
	}
	return s
}

// canonicalScope is how Google writes the scope in its answers; the short names
// are only an ease for callers of this package ("gmail.readonly").
func canonicalScope(s string) string {
	switch {
	case s == "openid", strings.Contains(s, "://"):
		return s
	case s == "email", s == "profile":
		return scopePrefix + "userinfo." + s
	}
	return scopePrefix + s
}

// acceptedByConsent is true for what the authorization endpoint takes as a scope.
func acceptedByConsent(s string) bool {
	return s == "openid" || s == "email" || s == "profile" || s == "https://mail.google.com/" ||
		strings.HasPrefix(s, scopePrefix) && len(s) > len(scopePrefix)
}

// isSignIn is true for the scopes a person cannot untick one by one.
func isSignIn(s string) bool {
	return s == "openid" || s == scopePrefix+"userinfo.email" || s == scopePrefix+"userinfo.profile"
}

func (s scopeSet) String() string {
	return strings.Join(s.list(), " ")
}

func (s scopeSet) list() []string {
	out := make([]string, 0, len(s))
	for k := range s {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (s scopeSet) add(more scopeSet) {
	for k := range more {
		s[k] = true
	}
}

func (s scopeSet) clone() scopeSet {
	out := scopeSet{}
	out.add(s)
	return out
}

func (s scopeSet) any(short ...string) bool {
	return slices.ContainsFunc(short, func(one string) bool { return s[canonicalScope(one)] })
}

func (s scopeSet) covers(other scopeSet) bool {
	for k := range other {
		if !s[k] {
			return false
		}
	}
	return true
}

// scopeWords says in Korean what a scope opens, for the consent page.
func scopeWords(s string) string {
	switch strings.TrimPrefix(s, scopePrefix) {
	case "gmail.readonly":
		return "이메일 메시지 및 설정 보기"
	case "gmail.metadata":
		return "이메일 제목 줄과 라벨 보기 (본문 제외)"
	case "gmail.modify", "https://mail.google.com/":
		return "Gmail에서 이메일 읽기, 작성, 전송"
	case "calendar.readonly":
		return "Google Calendar로 액세스할 수 있는 모든 캘린더 보기"
	case "calendar.events":
		return "모든 캘린더에서 일정 보기 및 수정"
	case "calendar.events.readonly":
		return "모든 캘린더에서 일정 보기"
	case "calendar.calendarlist.readonly":
		return "구독 중인 Google 캘린더 목록 보기"
	case "calendar":
		return "모든 캘린더 보기, 수정, 공유, 영구 삭제"
	}
	return s
}
