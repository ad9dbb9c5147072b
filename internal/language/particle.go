package language

import (
	"strings"
	"unicode"
)

// The last sound of a word, as far as Korean particles care.
type ending int

const (
	vowel ending = iota
	consonant
	rieul // ㄹ, which takes 로 and not 으로
)

// Particle returns the form of a Korean particle that fits behind word. The pair is written with the form
// after a consonant first: "을/를", "은/는", "이/가", "과/와", "으로/로". Quotes, brackets and emoji at the
// word's end are skipped. English words are read by the name of their last letter, which is a guess:
// arrange sentences so that none is needed there.
func Particle(word, pair string) string {
	after, otherwise, _ := strings.Cut(pair, "/")
	switch end := lastSound(word); {
	case end == vowel, end == rieul && pair == "으로/로":
		return otherwise
	default:
		return after
	}
}

// lastSound finds the last letter or digit of word and returns how it ends when spoken.
func lastSound(word string) ending {
	runes := []rune(word)
	for i := len(runes) - 1; i >= 0; i-- {
		r := unicode.ToLower(runes[i])
		switch {
		case r >= '가' && r <= '힣':
			return ofSyllable(r)
		case r >= '0' && r <= '9':
			return ofDigit(r)
		case r >= 'a' && r <= 'z':
			return ofLatin(r)
		case unicode.IsLetter(r):
			return vowel
		}
	}
	return vowel
}

// ofSyllable reads the final consonant off a Hangul syllable's place in Unicode.
func ofSyllable(r rune) ending {
	switch (r - '가') % 28 {
	case 0:
		return vowel
	case 8:
		return rieul
	default:
		return consonant
	}
}

// ofDigit goes by how a number ending in the digit is spoken: 영, 일, 이 …; 십, 백, 천 and 만, which
// numbers ending in 0 may end in, all close with a consonant as 영 does.
func ofDigit(r rune) ending {
	switch r {
	case '1', '7', '8':
		return rieul
	case '0', '3', '6':
		return consonant
	default:
		return vowel
	}
}

// ofLatin goes by the Korean name of the letter: 엘, 엠, 엔, 알.
func ofLatin(r rune) ending {
	switch r {
	case 'l', 'r':
		return rieul
	case 'm', 'n':
		return consonant
	default:
		return vowel
	}
}
