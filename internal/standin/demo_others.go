package standin

// minji is a normal account: what is wrong is her grant, not her mail, so that
// everything is there once she reconnects.
func minji(d day) Account {
	review := d.meeting(0, "10:00", "11:00", "디자인 리뷰")
	review.HangoutLink = "https://meet.google.com/klm-nopq-rst"
	call := d.meeting(0, "13:30", "14:00", "가온상사 통화")
	call.Location = "전화"
	visit := d.meeting(0, "15:00", "16:00", "가온상사 방문")
	visit.Location = "판교"
	retro := d.meeting(0, "17:00", "17:30", "팀 회고")
	retro.Location = "3층 회의실"
	planning := d.meeting(1, "10:30", "11:30", "스프린트 계획")
	return Account{
		Email: minjiMail, Subject: "100000000000000000002", Name: "박민지",
		Calendars: []Calendar{
			{ID: minjiMail, Summary: "박민지", Primary: true, Selected: true, Events: []Event{review, call, visit, retro, planning}},
			{ID: "team-design@group.calendar.gaon.example", Summary: "디자인팀", AccessRole: "reader", Selected: true},
		},
		Mail: []Mail{
			d.direct(95, "박준호 <junho.park@gaonsangsa.example>", "방문 자료",
				"민지 님, 오늘 방문 때 쓸 자료를 "+d.deadline(d.ago(95))+"까지 보내 주실 수 있을까요?\n\n박준호 드림"),
			d.direct(15*60, "이수진 <sujin.lee@gaon.example>", "회고 장소", "3층 회의실로 괜찮을까요?"),
			d.direct(16*60+20, "김하늘 <"+haneulMail+">", "디자인 리뷰 안건 공유", "내일 볼 화면 세 개를 정리했습니다. 참고해 주세요."),
			d.notice(10*60, "ci-bot <notifications@code.example>", "[gaon/design] 토큰 갱신 배포 완료", "Deployed design tokens 3.2."),
			d.notice(19*60, "문서함 <no-reply@docs.example>", "김하늘 님이 문서를 공유했습니다", "'로드맵' 문서를 열어 보세요."),
			d.notice(20*60, "누리카드 <alert@nuricard.example>", "[누리카드] 6,500원 승인", "카페에서 6,500원이 승인되었습니다."),
			d.letter(180, "디자인 한 조각", "여백이 말하는 것", "여백을 쓰는 네 가지 방법."),
			d.letter(21*60, "책읽는 밤", "이번 주의 책 세 권", "늦가을에 읽기 좋은 책을 골랐습니다."),
		},
	}
}

// dana reads English and has a light day.
func dana(d day) Account {
	standup := d.meeting(0, "10:00", "10:15", "Daily stand-up")
	standup.HangoutLink = "https://meet.google.com/uvw-xyza-bcd"
	sync := d.meeting(0, "15:00", "15:45", "Launch sync")
	sync.ConferenceURI = "https://gaon.zoom.example/j/87654321098"
	sync.Attendees = []Attendee{{Email: danaMail, Name: "Dana Kim"}, {Email: haneulMail, Response: "needsAction"}}
	review := d.meeting(1, "11:00", "12:00", "Brand review")
	review.Location = "Room 2A"
	draft := d.direct(70, "Sujin Lee <sujin.lee@gaon.example>", "Press release draft",
		"Hi Dana,\n\nHere is the draft. Can you send me your comments by tomorrow noon?\n\nSujin")
	return Account{
		Email: danaMail, Subject: "100000000000000000003", Name: "Dana Kim",
		Calendars: []Calendar{{ID: danaMail, Summary: "Dana Kim", Primary: true, Selected: true, Events: []Event{standup, sync, review}}},
		Mail: []Mail{
			draft,
			d.direct(13*60, "Haneul Kim <"+haneulMail+">", "Notes from the customer call", "Sharing my notes, nothing to do on your side."),
			d.direct(18*60, "Mark Olsen <mark@northwind.example>", "Photos from Tuesday", "The photographer sent the final set. They are in the shared folder."),
			d.notice(9*60, "Docs <no-reply@docs.example>", "Haneul commented on \"Launch copy\"", "2 new comments."),
			d.notice(20*60, "Travel desk <noreply@travel.example>", "Your booking is confirmed", "Seoul to Busan, next Thursday 08:30."),
			d.letter(200, "Morning Wire Weekly", "Five ideas for calmer mornings", "Start with the one thing that has a deadline."),
		},
	}
}

// junho has not connected yet; there is something to read when he does.
func junho(d day) Account {
	standup := d.meeting(0, "11:00", "11:30", "서버팀 회의")
	standup.HangoutLink = "https://meet.google.com/efg-hijk-lmn"
	oncall := Event{Summary: "당직", StartDate: d.date(0), EndDate: d.date(2)}
	return Account{
		Email: junhoMail, Subject: "100000000000000000004", Name: "이준호",
		Calendars: []Calendar{{
			ID: junhoMail, Summary: "이준호", Primary: true, Selected: true,
			Events: []Event{standup, oncall, d.meeting(1, "14:00", "15:00", "장애 복기")},
		}},
		Mail: []Mail{
			d.direct(110, "김하늘 <"+haneulMail+">", "배포 시각 확인", "내일 배포를 10시에 해도 괜찮을까요? 답 주시면 공지하겠습니다."),
			d.notice(15*60, "ci-bot <notifications@code.example>", "[gaon/server] 배포 완료", "Released 4.18.0."),
			d.letter(19*60, "Gopher Notes", "Issue 212: smaller binaries", "This week: linker flags and a new profiler."),
		},
	}
}

// demoFeeds are six publishers; the rate decision and the first snow are told by
// three of them, each in its own words.
func demoFeeds(d day, base string) []FeedPath {
	publishers := []struct {
		path, title, format string
		items               []FeedItem
	}{
		{"/hanbit.xml", "한빛통신", "rss", []FeedItem{
			d.story(62, "한국은행, 기준금리 동결", "한국은행 금융통화위원회가 기준금리를 현 수준에서 유지하기로 했다."),
			d.story(128, "수도권 첫눈, 출근길 주의", "수도권에 올겨울 첫눈이 내려 출근길 빙판에 주의가 필요하다."),
			d.story(300, "지하철 2호선 새 열차 내년 봄 투입", "새 열차는 칸마다 공기 정화 장치를 갖췄다."),
			d.story(900, "국립공원 겨울철 입산 시간 조정", "해가 짧아져 입산 마감이 한 시간 빨라진다."),
		}},
		{"/nuri.xml", "누리방송", "rss", []FeedItem{
			d.story(120, "수도권 첫눈… 출근길 주의", "밤사이 내린 첫눈으로 일부 도로가 얼었다."),
			d.story(75, "한국은행 기준금리 동결", "위원 전원이 동결에 찬성한 것으로 전해졌다."),
			d.story(420, "동네 도서관 밤 10시까지 연다", "평일 야간 개방이 전국 120곳으로 늘어난다."),
		}},
		{"/economy.xml", "아침경제", "rss", []FeedItem{
			d.story(58, "[속보] 한국은행, 기준금리 동결", "시장은 이미 동결을 예상하고 있었다."),
			d.story(135, "수도권 첫눈, 출근길 주의(종합)", "택배와 배달도 늦어질 수 있다."),
			d.story(500, "귤값 작년보다 8% 내려", "작황이 좋아 도매가격이 내렸다."),
		}},
		{"/dev.xml", "개발소식", "atom", []FeedItem{
			d.story(1100, "Go 1.27 개발 일정 공개", "내년 2월에 기능을 닫고 8월에 내놓을 계획이다."),
			d.story(720, "SQLite로 큰 서비스를 꾸린 이야기", "쓰기 하나, 읽기 여럿으로 나눈 경험을 적었다."),
		}},
		{"/wire.xml", "Morning Wire", "rss", []FeedItem{
			d.story(210, "Bank of Korea holds its rate", "The central bank kept its policy rate unchanged."),
			d.story(240, "Night trains return to three more routes", "Sleepers will run from next spring."),
			d.story(640, "A museum lends out its paintings", "Neighbours may keep one for a month."),
		}},
		{"/gopher.xml", "Gopher Notes", "atom", []FeedItem{
			d.story(1080, "Go 1.27 development schedule published", "The tree freezes in May."),
			d.story(820, "Writing servers that stop cleanly", "Every Start has a tested Stop."),
		}},
	}
	var out []FeedPath
	for _, f := range publishers {
		for i := range f.items {
			f.items[i].URL = base + "/stories" + f.path + "/" + hexOf(f.items[i].Title)
			f.items[i].Source = f.title // they share a host here, and are six publishers all the same
		}
		out = append(out, FeedPath{Path: f.path, URL: base + f.path, Feed: Feed{Title: f.title, Format: f.format, Items: f.items}})
	}
	return out
}

func (d day) story(minutesAgo int, title, text string) FeedItem {
	return FeedItem{Title: title, Description: text, Published: d.ago(minutesAgo)}
}
