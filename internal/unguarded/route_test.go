package unguarded

import "testing"

func TestARouteKeepsNoNumbersKeysOrAddresses(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/mobile/login":                         "/api/mobile/login",
		"/API/v2//Login/":                           "/api/v2/login",
		"/oauth2/token":                             "/oauth2/token",
		"/users/7":                                  "/users/{id}",
		"/users/12345/enter":                        "/users/{id}/enter",
		"/k/3f1c9a7be2d04c5586aa10f4/x":             "/k/{id}/x",
		"/k/deadbeef1/x":                            "/k/{id}/x",
		"/k/550e8400-e29b-41d4-a716-446655440000/x": "/k/{id}/x",
		"/reset/alice@shop.example":                 "/reset/{id}",
		"/reset/alice%40shop.example":               "/reset/{id}",
		"/reset/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4":   "/reset/{id}",
		"/a b/c":               "/{id}/c",
		"/a/b/c/d/e/f/g/h/i/j": "/a/b/c/d/e/f/g/{id}",
		"/%2525252525":         "/{id}",
		"/decade/facade":       "/decade/facade",
		"/":                    "/",
	} {
		if got := NewRoute("POST", path).Path; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestTheAdviceIsAPathThatEndpointsTake(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/login": "/api/login", "/users/7/login": "*/login", "/t/7": "/t/*", "/7": "", "/": "", "/a/7/b/8/c": "*/c",
	} {
		if got := NewRoute("POST", path).Pattern(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
