package config

import "encoding/json"

// googleClient is one client of Google's credentials.json. Its addresses of Google are left alone: a file
// must not choose where secrets go.
type googleClient struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
}

type googleCredentials struct {
	Type      string        `json:"type"`
	Web       *googleClient `json:"web"`
	Installed *googleClient `json:"installed"`
}

// credentials reads GOOGLE_CREDENTIALS_FILE. The client's variables, where set, must agree with it; a secret
// of its own may replace the file's, as while one is rotated.
func (l *loader) credentials() {
	const name = "GOOGLE_CREDENTIALS_FILE"
	path := l.env(name)
	if path == "" {
		return
	}
	content, err := l.src.ReadFile(path)
	if err != nil {
		l.fault(name, "%q cannot be read: %s", path, cause(err))
		return
	}
	var parsed googleCredentials
	if json.Unmarshal(content, &parsed) != nil {
		l.fault(name, "%q is not JSON: download credentials.json again (Google Cloud console → Clients)", path)
		return
	}
	client := parsed.Web
	if client == nil {
		client = parsed.Installed
	}
	switch {
	case client == nil && parsed.Type == "service_account":
		l.fault(name, "%q is the key of a service account: make an OAuth client of the type web application and download its file", path)
	case client == nil || client.ClientID == "" || client.ClientSecret == "":
		l.fault(name, "%q holds no OAuth client with id and secret: download credentials.json again (Google Cloud console → Clients)", path)
	case l.config.Google.ClientID != "" && l.config.Google.ClientID != client.ClientID:
		l.fault(name, "%q is of another client than GOOGLE_CLIENT_ID: keep one of them", path)
	default:
		l.client(parsed, *client)
	}
}

func (l *loader) client(parsed googleCredentials, client googleClient) {
	google := &l.config.Google
	secret, err := parseSecret(client.ClientSecret)
	if err != nil {
		l.fault("GOOGLE_CREDENTIALS_FILE", "its client_secret: %v", err)
		return
	}
	google.ClientID = client.ClientID
	if google.ClientSecret.IsZero() {
		google.ClientSecret = secret
	}
	// Google accepts only what is registered: with one choice there is nothing to guess. A desktop client's
	// http://localhost stands for any port and path there, and is not an address of ours.
	if google.RedirectSet || parsed.Web == nil || len(client.RedirectURIs) != 1 {
		return
	}
	redirect, err := parseWhole(client.RedirectURIs[0])
	if err != nil {
		l.fault("GOOGLE_CREDENTIALS_FILE", "its redirect URI: %v", err)
		return
	}
	google.RedirectURL, google.RedirectSet = redirect, true
}

// missing reports whether there is no client to use.
func (g Google) missing() bool { return g.ClientID == "" || g.ClientSecret.IsZero() }
