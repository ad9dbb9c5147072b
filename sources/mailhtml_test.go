package sources_test

import (
	"strings"
	"testing"
	"time"
)

// TestReadBodyPages: of a page, what a person sees is read, a paragraph, item or short row a line.
func TestReadBodyPages(t *testing.T) {
	for name, c := range map[string]struct {
		page string
		want []string
	}{
		"blocks":      {"<div>하나</div><div>둘<br>셋</div><p>넷</p>다섯", []string{"하나", "둘", "셋", "넷", "다섯"}},
		"inside":      {"<p>의견 <b>부탁</b>드립니다<span lang=EN-US>.<o:p></o:p></span></p>", []string{"의견 부탁드립니다."}},
		"white space": {"<p>one\n  two&nbsp;&nbsp;three</p>\n\n<p> </p>", []string{"one two three"}},
		"list":        {"<ul><li>견적<li>계약</ul><ol><li>하나</li></ol>", []string{"견적", "계약", "하나"}},
		"cells":       {"<table><tr><th>품목<th>수량<tr><td><p>셔츠</p></td><td><p>500</p></td></tr></table>끝", []string{"품목 수량", "셔츠 500", "끝"}},
		"long cells": {"<table><tr><td>" + strings.Repeat("가나다 ", 20) + "</td><td>옆</td></tr></table>",
			[]string{strings.TrimSpace(strings.Repeat("가나다 ", 20)), "옆"}},
		"tall cells":  {"<table><tr><td>위<br>아래</td><td>옆</td></tr></table>", []string{"위", "아래", "옆"}},
		"in tables":   {"<table><tr><td><table><tr><td>안</td></tr></table></td><td>밖</td></tr></table>", []string{"안", "밖"}},
		"pre":         {"<pre>one\n  two\n\nthree</pre>", []string{"one", "two", "three"}},
		"unseen":      {"<head><title>제목</title><style>p{}</style></head><body><script>x()</script><!-- 주석 -->보임<select><option>1</select>", []string{"보임"}},
		"no end":      {"<html><head><meta charset=utf-8><body><p>보임<table><tr><td>칸", []string{"보임", "칸"}},
		"conditional": {"<!--[if mso]><p>아웃룩</p><![endif]--><![if !mso]><p>모두</p><![endif]>", []string{"모두"}},
		"preheader": {`<div style="display:none;max-height:0">미리 보기 &#847; &zwnj; &nbsp;</div><span style="VISIBILITY: hidden">x</span><p hidden>y</p>` +
			`<div style="max-height:0px;overflow:hidden">z</div><div style="opacity: 0">v</div><p>본문</p>`, []string{"본문"}},
		"seen":            {`<td style="font-size:0px"><div style="font-size:13px;opacity:0.9;max-height:0.5em">보임</div></td>`, []string{"보임"}},
		"small":           {`<p style="font-size:0;color:#fff">a</p><p style="font-size:1px">b</p><div style="font-size:0"><b style="font-size:120%">c</b><p style="font-size:1rem">보임</p><font size=2>둘</font></div>`, []string{"보임", "둘"}},
		"aside":           {`<div style="position:absolute; left:-9999px">a</div><p style="text-indent:-9999px">b</p><p style="position:relative;left:-4px">보임</p>`, []string{"보임"}},
		"flat":            {`<div style="height:0;overflow:hidden">a</div><div style="mso-hide:all">b</div><div style="clip:rect(0 0 0 0)">c</div><div style="display:/**/none">d</div><div style="height:0">보임</div>`, []string{"보임"}},
		"taken back":      {"<p>회의는 <s>월</s><del>화</del><strike>수</strike><span style='text-decoration: line-through'>목</span>금요일입니다.</p>", []string{"회의는 금요일입니다."}},
		"without scripts": {"<p>보임</p><noscript><p>a</p></noscript>", []string{"보임"}},
		"styles": {`<style>.x, p.y{display:none} #z { visibility : hidden } .tiny{font-size:0} .back{display:none} .back{display:block} .in p{display:none} /* .seen{display:none} */` +
			`@import "a"; @media (max-width:600px){ .phone{display:none} .p2{} } .w{ mso-hide:all !important }</style><style media=print>.paper{display:none}</style><!--[if mso]><style>.seen{display:none}</style><![endif]-->` +
			`<p class="a x">a</p><p class=y>b</p><p id=z>c</p><p class=tiny>d</p><p class=w>e</p><p class="seen back in phone p2 paper">보임</p>`, []string{"보임"}},
		"furniture": {"<p>&#847;&zwnj;&nbsp;&shy;&#8203;</p><p>본문&zwnj;입니다.</p><p>&#10240;</p>", []string{"본문입니다."}},
		"entities":  {"<p>A &amp; B &lt;확인&gt; &quot;가&quot; &#39;나&#39; &hellip;</p>", []string{`A & B <확인> "가" '나' …`}},
		"pixel":     {`<p>본문</p><img src="https://t.example/o.gif" width=1 height=1 alt="">`, []string{"본문"}},
		"links":     {`<p><a href="https://click.example/` + strings.Repeat("x", 300) + `">견적서</a>를 보아 주세요.</p>`, []string{"견적서를 보아 주세요."}},
		"indented":  {`<div>아래와 같습니다.</div><blockquote style="margin: 0 0 0 40px; border: none; padding: 0px"><div>3안으로 합니다.</div></blockquote>`, []string{"아래와 같습니다.", "3안으로 합니다."}},
	} {
		t.Run(name, func(t *testing.T) { wantOwn(t, textPart("text/html", c.page), c.want...) })
	}
}

// TestReadBodyPageQuotes: what mail programs mark as quoted, forwarded or signed is recognised by the marks.
func TestReadBodyPageQuotes(t *testing.T) {
	const own, old = "네, 그렇게 진행하겠습니다.", "내일 오전에 진행해도 될까요?"
	const outlook = "<b>보낸 사람:</b> 김하늘 &lt;haneul@gaon.example&gt;<br><b>보낸 날짜:</b> 2026년 11월 20일 금요일 오전 9:12<br><b>받는 사람:</b> 이수진<br><b>제목:</b> 일정"
	for name, page := range map[string]string{
		"gmail": `<div dir="ltr">` + own + `</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">2026년 11월 20일 (금) 오전 9:12, 김하늘 &lt;<a href="mailto:haneul@gaon.example">haneul@gaon.example</a>&gt;님이 작성:<br></div>` +
			`<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">` + old + `</blockquote></div>`,
		"gmail signature": `<div dir="ltr">` + own + `<div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div>이수진</div><div>가온 제품팀</div></div></div>`,
		"apple":           own + `<div><br></div><div>나의 iPhone에서 보냄</div><blockquote type="cite"><div>2026. 11. 20. 오전 9:12, 김하늘 &lt;haneul@gaon.example&gt; 작성:<br><br></div></blockquote><blockquote type="cite"><div>` + old + `</div></blockquote>`,
		"thunderbird":     `<p>` + own + `</p><div class="moz-cite-prefix">2026-11-20 오전 9:12에 김하늘 이(가) 쓴 글:<br></div><blockquote type="cite" cite="mid:1@gaon.example"><p>` + old + `</p></blockquote><pre class="moz-signature">-- 이수진</pre>`,
		"outlook":         `<p class=MsoNormal>` + own + `</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>` + outlook + `</p></div><p class=MsoNormal>` + old + `</p>`,
		"outlook rows":    `<p class=MsoNormal>` + own + `</p><div><p>보낸 사람: 김하늘 &lt;haneul@gaon.example&gt;</p><p>보낸 날짜: 2026년 11월 20일 금요일 오전 9:12</p><p>받는 사람: 이수진</p><p>제목: 일정</p></div><p>` + old + `</p>`,
		"outlook web":     `<div>` + own + `</div><div id="Signature"><p>이수진</p></div><div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">` + outlook + `</div><div>` + old + `</div>`,
		"outlook mobile":  `<div>` + own + `</div><div id="ms-outlook-mobile-signature">Android용 Outlook 다운로드</div><div id="mail-editor-reference-message-container"><div>` + outlook + `</div><div>` + old + `</div></div>`,
		"naver":           `<div style="font-size:10pt"><p>` + own + `</p><p>&nbsp;</p><div>-----Original Message-----<br><b>From:</b> "김하늘"&lt;haneul@gaon.example&gt;<br><b>To:</b> "이수진"&lt;sujin.lee@gaon.example&gt;;<br><b>Cc:</b><br><b>Sent:</b> 2026-11-20 (금) 09:12:00 (GMT+09:00)<br><b>Subject:</b> 일정<br><br></div><div>` + old + `</div></div>`,
		"daum":            `<p>` + own + `</p><p><br></p><p>--------- 원본 메일 ---------</p><blockquote><p><b>보낸사람</b> : 김하늘 &lt;haneul@gaon.example&gt;</p><p><b>받는사람</b> : 이수진</p><p><b>날짜</b> : 2026-11-20</p><p><b>제목</b> : 일정</p>` + old + `</blockquote>`,
		"zimbra":          own + `<br><br><hr id="zwchr"><b>From: </b>haneul@gaon.example<br><b>To: </b>이수진<br><b>Sent: </b>Friday, November 20, 2026 9:12 AM<br><b>Subject: </b>일정<br><br>` + old,
		"old outlook":     `<div>` + own + `</div><span id="OLK_SRC_BODY_SECTION"><div>` + outlook + `</div><div>` + old + `</div></span>`,
		"yahoo":           `<div>` + own + `</div><div class="yahoo_quoted"><div>2026년 11월 20일 금요일 오전 9:12:33 GMT+9, 김하늘님이 작성:</div><div>` + old + `</div></div>`,
		"signed":          `<p>` + own + `</p><p>이수진 드림</p><table><tr><td><img src="l.png" alt="가온"></td><td>가온 제품팀<br>T. 02-0000-1234</td></tr></table><p>본 메일은 지정된 수신인만을 위한 것입니다.</p>`,
	} {
		t.Run(name, func(t *testing.T) { wantOwn(t, textPart("text/html", page, sujins("Re: 일정")...), own) })
	}
	t.Run("between", func(t *testing.T) {
		wantOwn(t, textPart("text/html", `<div class="gmail_quote"><div class="gmail_attr">On Fri, Nov 20, 2026 at 9:12 AM Dana Kim wrote:</div><blockquote class="gmail_quote">단가는요?</blockquote><div>12,000원입니다.</div>`+
			`<blockquote class="gmail_quote">납기는요?</blockquote><div>수요일에 나갑니다.</div></div>`), "12,000원입니다.", "수요일에 나갑니다.")
	})
	t.Run("forward", func(t *testing.T) {
		wantOwn(t, textPart("text/html", `<div dir="ltr"><br><br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>보낸사람: <b>전시사무국</b> &lt;office@busanexpo.example&gt;<br>Date: 2026년 11월 20일 (금) 오전 9:12<br>Subject: 부스 배정<br>To: 이수진<br></div><br><br><p>부스 배정 결과를 안내드립니다.</p></div></div>`,
			sujins("Fwd: 부스 배정")...), "부스 배정 결과를 안내드립니다.")
	})
}

// TestReadBodyStyles: a page that is all style is read in little time.
func TestReadBodyStyles(t *testing.T) {
	for name, sheet := range map[string]string{
		"rules": ".a{display:none}", "names": ".a,", "at": "@", "open": "@media{", "comments": "/*", "closed": "}", "selectors": ".a .b .c{display:none}", "styles": "</style><style>.a{display:none}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			wantOwn(t, textPart("text/html", "<p>본문</p><style>"+strings.Repeat(sheet, (200<<10)/len(sheet))+"</style>"), "본문")
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
