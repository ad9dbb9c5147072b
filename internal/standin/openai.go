package standin

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// OpenAI is a stand-in for a language model behind an API of OpenAI's form. It says what Say says, and
// is as unreliable as faults make it: its one operation is "chat.completions". It is an http.Handler;
// give it to Serve. The base address for clients is the server's, with /v1 behind it.
type OpenAI struct {
	Faults

	// Key is what callers have to show; "" takes anybody, as Ollama does.
	Key string
	// Refuses names parameters that the model does not take: a call with one of them is answered 400, in
	// the words of the real service.
	Refuses []string
	// Say returns what the model says; nil says "{}".
	Say func(OpenAICall) string
	// Finish is the finish_reason of answers, "stop" when empty.
	Finish string

	lock  sync.Mutex // guards what follows; Faults has its own
	calls []OpenAICall
}

// OpenAICall is what a model was asked.
type OpenAICall struct {
	Model, System, User string
	Schema              bool           // an answer of a certain form was asked for
	Raw                 map[string]any // the whole call
	Authorization       string
}

// NewOpenAI takes callers that show the key.
func NewOpenAI(key string) *OpenAI {
	o := &OpenAI{Key: key}
	o.Faults.fill = func(_ string, status int) (string, string) {
		return "application/json", openAIError(http.StatusText(status), "server_error", "")
	}
	return o
}

// Asked returns what the model was asked so far, refused calls apart.
func (o *OpenAI) Asked() []OpenAICall {
	o.lock.Lock()
	defer o.lock.Unlock()
	return slices.Clone(o.calls)
}

// Handler is o itself, for symmetry with code that mounts handlers.
func (o *OpenAI) Handler() http.Handler { return o }

// ServeHTTP answers chat completions.
func (o *OpenAI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/chat/completions" || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	o.through("chat.completions", w, r, o.complete)
}

func (o *OpenAI) complete(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	refuse := func(status int, text, param string) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(openAIError(text, "invalid_request_error", param)))
	}
	if o.Key != "" && r.Header.Get("Authorization") != "Bearer "+o.Key {
		refuse(http.StatusUnauthorized, "Incorrect API key provided.", "")
		return
	}
	call := OpenAICall{Authorization: r.Header.Get("Authorization")}
	if json.NewDecoder(r.Body).Decode(&call.Raw) != nil {
		refuse(http.StatusBadRequest, "We could not parse the JSON body of your request.", "")
		return
	}
	for _, name := range o.Refuses {
		if _, ok := call.Raw[name]; ok {
			refuse(http.StatusBadRequest, "Unsupported parameter: '"+name+"' is not supported with this model.", name)
			return
		}
	}
	call.Model, _ = call.Raw["model"].(string)
	_, call.Schema = call.Raw["response_format"]
	messages, _ := call.Raw["messages"].([]any)
	for _, m := range messages {
		message, _ := m.(map[string]any)
		content, _ := message["content"].(string)
		switch message["role"] {
		case "system":
			call.System = content
		case "user":
			call.User = content
		}
	}
	o.lock.Lock()
	o.calls = append(o.calls, call)
	o.lock.Unlock()
	said := "{}"
	if o.Say != nil {
		said = o.Say(call)
	}
	finish := o.Finish
	if finish == "" {
		finish = "stop"
	}
	prompt, answer := utf8.RuneCountInString(call.System+call.User), utf8.RuneCountInString(said)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "chatcmpl-standin", "object": "chat.completion", "model": call.Model,
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish,
			"message": map[string]any{"role": "assistant", "content": said, "refusal": nil}}},
		"usage": map[string]any{"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer},
	})
}

// OpenAIItem is one of the items a model was told of.
type OpenAIItem struct{ ID, From, Subject, Title, Text string }

// Items returns what stands between the fences of the call, by list: "mails", "stories".
func (c OpenAICall) Items() map[string][]OpenAIItem {
	_, data, _ := strings.Cut(c.User, "\n")
	if end := strings.LastIndexByte(data, '\n'); end >= 0 {
		data = data[:end]
	}
	lists := map[string][]OpenAIItem{}
	_ = json.Unmarshal([]byte(data), &lists) // what is no data holds no items
	return lists
}

func openAIError(text, kind, param string) string {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"message": text, "type": kind, "param": param, "code": nil}})
	if err != nil { // strings alone: it cannot happen
		return "{}"
	}
	return string(body)
}
