package standin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"achim/internal/standin"
)

// submit posts a form as any client would.
func submit(address string, form url.Values) (status string, err error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	return resp.Status, resp.Body.Close()
}

// A grant that Google took back, seen from the token endpoint.
func ExampleGoogle() {
	g := standin.NewGoogle("client-id", "client-secret")
	g.AddAccount(standin.Account{Email: "haneul@gaon.example", Name: "하늘"})
	srv, err := standin.Serve(g, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	grant := g.Grant("haneul@gaon.example", "gmail.readonly")
	refresh := func() {
		fmt.Println(submit(g.Endpoints(srv.URL).TokenURL, url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {grant.RefreshToken},
			"client_id": {"client-id"}, "client_secret": {"client-secret"},
		}))
	}
	refresh()
	g.Revoke("haneul@gaon.example")
	refresh()
	fmt.Println(g.Calls("token"), "calls")
	// Output:
	// 200 OK <nil>
	// 400 Bad Request <nil>
	// 2 calls
}

// A post whose answer is lost: the message is there, and the caller cannot know.
func ExampleFault() {
	s := standin.NewSlack("xoxb-standin")
	s.AddUser("U0HANEUL", "haneul", "김하늘")
	srv, err := standin.Serve(s, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	s.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Cut: "after"})
	_, err = submit(srv.URL+"/chat.postMessage", url.Values{
		"token": {"xoxb-standin"}, "channel": {"U0HANEUL"}, "text": {"좋은 아침입니다"},
	})
	fmt.Println("answered:", err == nil)
	fmt.Println("posted:", len(s.Messages("U0HANEUL")))
	// Output:
	// answered: false
	// posted: 1
}

// Acting as the person in the browser.
func ExampleGoogle_Consent() {
	g := standin.NewGoogle("client-id", "client-secret")
	g.AddAccount(standin.Account{Email: "haneul@gaon.example"})
	srv, err := standin.Serve(g, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()

	ask := url.Values{
		"client_id": {"client-id"}, "redirect_uri": {"http://achim.example/callback"},
		"response_type": {"code"}, "scope": {"openid email"}, "state": {"s1"},
	}
	to, err := g.Consent(context.Background(), g.Endpoints(srv.URL).AuthURL+"?"+ask.Encode(), standin.Choice{Deny: true})
	fmt.Println(to, err)
	// Output: http://achim.example/callback?error=access_denied&state=s1 <nil>
}
