package sources

import (
	"regexp"
	"slices"
	"strings"
)

var (
	robotSender = regexp.MustCompile(`^(no|do[-_.]?not)[-_.]?reply|[-_.]no[-_.]?reply$|^(noreply|notifications?|notify|notices?|alerts?|mailer|mailer-daemon|postmaster|` +
		`newsletters?|info-?mail|digest|marketing|promo(tions?)?|receipts?|automated|robot|bot|calendar-notification|` +
		`comments-noreply|system|webmaster|bounces?)([-+_.].*)?$`)
	newsletterSender = regexp.MustCompile(`^(news|newsletters?|letters?|insights?|hello|team|offers?|events?|edm|dm|marketing|promo(tions?)?|digest|weekly|daily|` +
		`editors?|media|magazine|webinars?|crm|contents?|story|stories|blog|community|shop|store|updates?)([-+_.].*)?$`)
	invitations = regexp.MustCompile(`(?i)^((re|fwd?): ?)?(invitation|updated invitation|accepted|declined|tentatively accepted|tentative|cancell?ed( event)?|` +
		`초대|업데이트된 초대|초대 업데이트|수락|수락됨|거절|거절됨|미정|취소됨|취소된 일정|일정 취소|초대 업데이트됨)( ?:| ?：)`)
	eventTime        = regexp.MustCompile(` @ (\d{4}년|(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|\d{4}-\d{2}|(Weekly|Daily|Monthly|Annually|Every) |매(주|일|월|년))`) // as Google Calendar ends a subject
	answeringMachine = regexp.MustCompile(`(?i)^(\[[^\]]*(부재 ?중|자동 ?(회신|응답|답장))[^\]]*\]|\(?자동 ?(회신|응답|답장)\)? ?[:：]|(re: ?)?(automatic reply|auto(matic)?[- ]?(reply|response|responder)|auto) ?:|` +
		`out of (the )?office:? re:)`)
	maybeMachine = regexp.MustCompile(`(?i)^(\(?(부재 ?중|자동 ?(회신|응답|답장))|(re: ?)?(out of (the )?office|auto(matic)?[- ]?(reply|response)|away from (the|my) (office|desk|email)|on (vacation|leave|holiday):))`)
)

// bounce reports whether it tells that a mail of the reader's did not arrive.
func (m mail) bounce() bool {
	kind := strings.ToLower(m.contentType)
	return m.bounced || m.failedRecipients != "" || strings.Contains(kind, "report-type=delivery-status") || strings.Contains(kind, `report-type="delivery-status"`) ||
		m.local() == "mailer-daemon" || m.local() == "postmaster" && containsAny(strings.ToLower(m.subject), "undeliver", "delivery", "returned", "배달", "반송")
}

// invitation reports whether it is about an event, which is answered in the calendar.
func (m mail) invitation() bool {
	kind := strings.ToLower(m.contentType)
	return m.invite || strings.HasPrefix(kind, "text/calendar") || strings.Contains(kind, "; method=") ||
		invitations.MatchString(m.subject) && (eventTime.MatchString(m.subject) || m.local() == "calendar-notification" || m.machine())
}

// machine reports whether a header says that nobody wrote it by hand.
func (m mail) machine() bool {
	auto := strings.ToLower(strings.TrimSpace(m.autoSubmitted))
	return auto != "" && auto != "no" || m.suppress != "" && !strings.EqualFold(m.suppress, "none")
}

// away reports whether an answering machine wrote it. People begin a subject with some of its words too.
func (m mail) away() bool {
	auto := strings.ToLower(m.autoSubmitted)
	return strings.HasPrefix(auto, "auto-replied") || strings.EqualFold(m.precedence, "auto_reply") || answeringMachine.MatchString(m.subject) ||
		m.machine() && maybeMachine.MatchString(m.subject)
}

// newsletter reports whether it is one of many copies sent to whoever subscribed, or was bought.
func (m mail) newsletter(c circle) bool {
	switch {
	case m.labelled("CATEGORY_PROMOTIONS"):
		return true
	case m.knownPerson(c):
		return false
	case m.unsubscribe == "":
		return m.robot(c) && newsletterWords(m.subject, m.from.name) || m.unasked(c)
	case newsletterWords(m.subject, m.from.name, m.from.mailbox):
		return true
	case m.labelled("CATEGORY_UPDATES"):
		return newsletterSender.MatchString(m.local()) && m.autoSubmitted == ""
	}
	return !m.labelled("CATEGORY_SOCIAL", "CATEGORY_FORUMS") && !robotSender.MatchString(m.local())
}

// mostOfAPerson is how many sentences a stranger writes to somebody by hand.
const mostOfAPerson = 60

// unasked reports whether it reads like a letter to many and has none of the headers that would say so.
func (m mail) unasked(c circle) bool {
	if m.listID != "" || m.autoSubmitted != "" || m.labelled("CATEGORY_UPDATES", "CATEGORY_SOCIAL", "CATEGORY_FORUMS") || robotSender.MatchString(m.local()) {
		return false
	}
	leave := m.text.leave
	bulk := strings.EqualFold(strings.TrimSpace(m.precedence), "bulk")
	if len(m.text.said) > mostOfAPerson && !m.answers() && !m.colleague(c.me) && !m.namesReader(c) {
		return true
	}
	return leave && !m.colleague(c.me) || bulk && (leave || newsletterSender.MatchString(m.local()))
}

// colleague reports whether the sender's house is the reader's.
func (m mail) colleague(me addresses) bool {
	_, host, _ := strings.Cut(m.from.mailbox, "@")
	for mailbox := range me {
		if host != "" && strings.HasSuffix(mailbox, "@"+strings.ToLower(host)) {
			return true
		}
	}
	return false
}

// stranger reports whether nothing is known of the sender: neither house nor correspondence is shared.
func (m mail) stranger(c circle) bool {
	return !c.known.holds(m.from.mailbox) && !m.colleague(c.me) && !m.answers()
}

// newsletterWords reports whether one of the texts names itself a newsletter.
func newsletterWords(texts ...string) bool {
	return containsAny(strings.ToLower(strings.Join(texts, " ")), "newsletter", "뉴스레터", "digest", "weekly", "주간 소식", "주간소식",
		"주간 뉴스", "주간뉴스", "(광고)", "[광고]", "소식지", "이벤트 안내")
}

// knownPerson reports whether the reader has written to the sender, and no program says it wrote instead.
func (m mail) knownPerson(c circle) bool {
	return c.known[strings.ToLower(m.from.mailbox)] && m.byHand()
}

// byHand reports whether nothing says that the mail was not written by hand, but maybe that it goes to many.
func (m mail) byHand() bool {
	return !m.automatic() && !m.labelled("CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL")
}

// mayBePerson reports whether the mail reads like a letter to many, and would be a person's if the reader knew the sender.
func (m mail) mayBePerson(c circle) bool {
	return m.byHand() && m.newsletter(c) && m.asks(c) && !robotSender.MatchString(m.local())
}

// automatic reports whether the headers say that a program or a list sent it.
func (m mail) automatic() bool {
	switch strings.ToLower(strings.TrimSpace(m.precedence)) {
	case "bulk", "list", "junk", "auto_reply":
		return true
	}
	return m.machine() || m.listID != "" || m.text.automated
}

// robot reports whether a program wrote it, or it came by a list.
func (m mail) robot(c circle) bool {
	if m.automatic() {
		return true
	}
	return !m.knownPerson(c) && (m.labelled("CATEGORY_UPDATES", "CATEGORY_SOCIAL", "CATEGORY_FORUMS") || robotSender.MatchString(m.local()))
}

// mentions reports whether a program or a list carries a person's words to the reader by name.
func (m mail) mentions(c circle) bool {
	if m.labelled("CATEGORY_PROMOTIONS") || !m.robot(c) {
		return false
	}
	switch reason := strings.ToLower(strings.TrimSpace(m.reason)); reason {
	case "":
	case "mention", "mentioned", "directly_addressed", "assign", "assigned", "review_requested", "approval_required":
		return true
	default: // it says why it wrote, and it is not that
		return false
	}
	told := strings.ToLower(m.subject + "\n" + m.text.words)
	if containsAny(told, "mentioned you", "tagged you", "assigned you", "assigned to you", "requested your review", "회원님을 언급", "회원님을 태그", "님을 언급했", "나를 언급") {
		return true
	}
	for _, name := range m.namesOfReader(c) {
		if strings.Contains(told, "@"+name) && m.from.mailbox != name {
			return true
		}
	}
	return m.listID != "" && len(m.to)+len(m.cc) > 1 && m.namesReader(c)
}

// waitsForReview reports whether a program says that somebody waits for the reader's look.
func (m mail) waitsForReview() bool {
	reason := strings.ToLower(strings.TrimSpace(m.reason))
	return reason == "review_requested" || reason == "approval_required"
}

var tracker = regexp.MustCompile(`\(?[A-Z]{2,10}-\d+\)?|PR #\d+|(?i:\[jira\])`)

// waitsForAct reports whether a program's mail waits for the reader's own act, or tells of a loss. Trackers tell of
// such things as work.
func (m mail) waitsForAct() bool {
	if m.listID != "" || tracker.MatchString(m.subject) {
		return false
	}
	told := strings.ToLower(m.subject + "\n" + m.text.words[:min(len(m.text.words), 600)])
	return containsAny(strings.ReplaceAll(told, " ", ""), koreanActs...) || containsAny(told, englishActs...)
}

// koreanActs, without spaces, and englishActs are what programs say when they wait for one person.
var koreanActs = []string{
	"결재요청", "결재를요청", "결재대기", "결재가필요", "결재바랍니다", "결재해주", "결재하여주", "승인요청", "승인을요청", "승인대기", "승인이필요", "승인바랍니다", "승인해주", "승인하여주",
	"서명요청", "서명을요청", "서명해주", "서명하여주", "서명이필요", "서명바랍니다", "서명을기다", "결제실패", "결제에실패", "결제가실패", "결제되지않", "결제가되지않", "결제오류",
	"결제가거절", "결제가이루어지지", "결제하지못", "승인거절", "이체실패", "이체에실패", "출금실패", "출금에실패", "이체되지않", "출금되지않", "미납", "연체", "잔액부족", "잔액이부족",
	"발송실패", "발송에실패", "전송실패", "전달되지않", "반송되", "반려되었", "이용정지", "정지될예정", "정지됩니다",
}

var englishActs = []string{
	"payment failed", "payment has failed", "payment was declined", "payment declined", "card was declined", "card has been declined", "process your payment", "charge your card",
	"payment didn't go through", "payment did not go through", "payment was unsuccessful", "payment unsuccessful", "problem with your payment", "update your payment",
	"document to sign", "to review and sign", "signature requested", "signature required", "your signature", "please sign", "approval required", "approval requested", "approval needed",
	"your approval", "to approve", "waiting for you to", "is past due", "is overdue", "overdue invoice", "will be suspended", "has been suspended", "will be deleted", "action required",
}

func (m mail) local() string {
	local, _, _ := strings.Cut(m.from.mailbox, "@")
	return strings.ToLower(local)
}

// labelled reports whether Gmail has set one of the labels.
func (m mail) labelled(labels ...string) bool {
	return slices.ContainsFunc(labels, func(label string) bool { return slices.Contains(m.labels, label) })
}
