package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/internal/secret"
)

const reader = "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"

var morning = time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC)

func links(at time.Time) *secret.Links {
	return secret.NewLinks(bytes.Repeat([]byte{7}, 32), func() time.Time { return at })
}

func TestVerifyReturnsWhatWasSigned(t *testing.T) {
	for _, c := range []secret.Claim{
		{Purpose: "connect", Subject: reader, Expires: morning.Add(time.Hour)},
		{Purpose: "connect", Subject: reader, Expires: morning.Add(time.Hour), Flags: []string{"switch", "", "다른 계정"}},
		{Purpose: "page", Subject: "", Expires: morning.Add(time.Second)},
		{Purpose: "", Subject: "a subject with / and 한글", Expires: morning.AddDate(100, 0, 0)},
		{Purpose: "page", Subject: strings.ToUpper(reader), Expires: morning.Add(time.Hour)},
		{Purpose: "page", Subject: strings.ReplaceAll(reader, "-", ""), Expires: morning.Add(time.Hour)},
	} {
		token := links(morning).Sign(c)
		if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q is not URL-safe", token)
		}
		got, err := links(morning).Verify(c.Purpose, token)
		if diff := cmp.Diff(c, got); diff != "" || err != nil {
			t.Errorf("%v (-signed +verified):\n%s", err, diff)
		}
	}
}

func TestTokenIsShort(t *testing.T) {
	token := links(morning).Sign(secret.Claim{Purpose: "connect", Subject: reader, Expires: morning.Add(7 * 24 * time.Hour)})
	if len(token) != 52 {
		t.Errorf("%d characters: %s", len(token), token)
	}
}

func TestExpiry(t *testing.T) {
	claim := secret.Claim{Purpose: "connect", Subject: reader, Expires: morning}
	token := links(morning.Add(-time.Hour)).Sign(claim)
	if _, err := links(morning.Add(-time.Nanosecond)).Verify("connect", token); err != nil {
		t.Errorf("just before: %v", err)
	}
	got, err := links(morning).Verify("connect", token)
	if !errors.Is(err, secret.ErrExpired) || got.Subject != reader {
		t.Errorf("at the instant: %v, %+v", err, got)
	}
	for _, expires := range []time.Time{{}, time.Unix(-5, 0)} {
		token = links(morning).Sign(secret.Claim{Purpose: "connect", Expires: expires})
		if _, err := links(morning).Verify("connect", token); !errors.Is(err, secret.ErrExpired) {
			t.Errorf("expiry %v: %v", expires, err)
		}
	}
}

func TestEveryChangeIsAForgery(t *testing.T) {
	l := links(morning)
	token := l.Sign(secret.Claim{Purpose: "connect", Subject: reader, Expires: morning.Add(time.Hour), Flags: []string{"switch"}})
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		changed := bytes.Clone(raw)
		changed[bit/8] ^= 1 << (bit % 8)
		if c, err := l.Verify("connect", base64.RawURLEncoding.EncodeToString(changed)); !errors.Is(err, secret.ErrForged) || c.Subject != "" {
			t.Errorf("bit %d: %v, %+v", bit, err, c)
		}
	}
	for _, changed := range []string{
		"", token[:len(token)-1], token + "A", token + "=", token + "\n", token[:9] + "\r\n" + token[9:], " " + token,
		token[1:], "/" + token[1:], strings.Repeat("A", 24), strings.Repeat("A", 5000),
	} {
		if _, err := l.Verify("connect", changed); !errors.Is(err, secret.ErrForged) {
			t.Errorf("%.60q: %v", changed, err)
		}
	}
}

// A token's last character may hold bits that belong to no byte: another spelling must not verify.
func TestOneTokenOneSpelling(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	l := links(morning)
	for _, subject := range []string{"a", "ab", "abc"} {
		token := l.Sign(secret.Claim{Purpose: "p", Subject: subject, Expires: morning.Add(time.Hour)})
		accepted := 0
		for _, last := range alphabet {
			if _, err := l.Verify("p", token[:len(token)-1]+string(last)); err == nil {
				accepted++
			}
		}
		if accepted != 1 {
			t.Errorf("%q: %d spellings verify", subject, accepted)
		}
	}
}

func TestPurposesAndInstallationsAreApart(t *testing.T) {
	claim := secret.Claim{Purpose: "connect", Subject: reader, Expires: morning.Add(time.Hour)}
	token := links(morning).Sign(claim)
	for _, purpose := range []string{"", "page", "connect ", "Connect"} {
		if _, err := links(morning).Verify(purpose, token); !errors.Is(err, secret.ErrForged) {
			t.Errorf("purpose %q: %v", purpose, err)
		}
	}
	other := secret.NewLinks(bytes.Repeat([]byte{8}, 32), func() time.Time { return morning })
	if _, err := other.Verify("connect", token); !errors.Is(err, secret.ErrForged) {
		t.Errorf("another installation: %v", err)
	}
	if again := links(morning.Add(time.Minute)).Sign(claim); again != token {
		t.Errorf("another process signs %s, not %s", again, token)
	}
}

func TestNewLinksRefusesAShortSecret(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("31 bytes were accepted")
		}
	}()
	secret.NewLinks(make([]byte, 31), nil)
}

func FuzzVerify(f *testing.F) {
	l := links(morning)
	signed := map[string]bool{}
	for _, c := range []secret.Claim{
		{Purpose: "connect", Subject: reader, Expires: morning.Add(time.Hour)},
		{Purpose: "connect", Subject: "text", Expires: morning.Add(-time.Hour), Flags: []string{"switch"}},
		{Purpose: "page", Subject: reader, Expires: morning.Add(time.Hour)},
	} {
		token := l.Sign(c)
		signed[c.Purpose+" "+token] = true
		f.Add(c.Purpose, token)
		f.Add(c.Purpose, token[:len(token)/2])
	}
	f.Add("", "")
	f.Add("connect", "====")
	f.Add("connect", strings.Repeat("_", 2000))
	f.Fuzz(func(t *testing.T, purpose, token string) {
		c, err := l.Verify(purpose, token)
		if errors.Is(err, secret.ErrForged) {
			return
		}
		if !signed[purpose+" "+token] {
			t.Errorf("%q for %q verifies as %+v, %v", token, purpose, c, err)
		}
	})
}

func ExampleLinks() {
	now := func() time.Time { return time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC) }
	l := secret.NewLinks([]byte("thirty-two random bytes go here!"), now)
	token := l.Sign(secret.Claim{Purpose: "connect", Subject: reader, Expires: now().Add(7 * 24 * time.Hour)})
	claim, err := l.Verify("connect", token)
	fmt.Println(claim.Subject, claim.Expires.Format(time.DateOnly), err)
	_, err = l.Verify("page", token)
	fmt.Println(err)
	// Output:
	// 3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f 2026-11-27 <nil>
	// the link was not made here
}
