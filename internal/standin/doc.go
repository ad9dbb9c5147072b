// Package standin is Google, Slack, a handful of news feeds and a language model
// as real HTTP servers: with state, with the error bodies the real ones send, and with
// switches that make them fail. The demo, the tests and the benchmarks talk to
// these over the network with the same clients they would use in earnest;
// nothing else in the project pretends.
//
//	g := standin.NewGoogle("client-id", "client-secret")
//	g.AddAccount(standin.Account{Email: "haneul@gaon.example", Name: "하늘"})
//	srv, err := standin.Serve(g, "")      // 127.0.0.1, any free port
//	defer srv.Close()
//	ends := g.Endpoints(srv.URL)          // GOOGLE_TOKEN_URL, GMAIL_API_URL, …
//	tok := g.Grant("haneul@gaon.example") // as if consented last week
//
// [Google] holds accounts with mail and calendars and plays the consent page,
// the token, revoke and userinfo endpoints, Gmail and Calendar; [ReadMail] makes its
// mail of messages as they travelled. [Slack] plays the Web API methods a briefing
// bot needs, checks payloads as strictly as Slack does, and can draw the DMs as a
// phone would ([Slack.PageHandler]). [Feeds] serves RSS and Atom with
// conditional requests. [OpenAI] plays a language model that may say anything.
// [Story] is an invented morning for four readers, laid around today, which the
// demo shows.
//
// # Faults
//
// All of them embed [Faults]. A [Fault] names the operation it hits and what
// happens: a status, a body, a delay, a connection cut before or after the
// server acted, an answer that never ends. [Faults.Calls] tells how many
// requests arrived, those that a fault then swallowed included.
//
//	g.Inject(standin.Fault{Op: "token", Times: 2, Status: 503})
//	s.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Cut: "after"})
//	s.Inject(standin.Fault{Op: "*", Status: 429, Header: map[string]string{"Retry-After": "3"}})
//
// # What is left out
//
// Recurring events are not expanded (put the instances in), Gmail batch and
// history, Calendar sync tokens, response_url and Socket Mode do not exist. The
// consent page is always shown, where Google would skip it for a returning
// person. Quotas are not enforced; faults say what they would.
//
// The package imports the standard library alone, and every type is safe for
// concurrent use. Settings that are plain fields (such as Now) are set before
// serving and left alone afterwards.
package standin
