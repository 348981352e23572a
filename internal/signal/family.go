package signal

import "strings"

// Families that are no browser of a person.
const (
	familyOther  = "other"
	familyBot    = "bot"
	familyScript = "script"
	familyCurl   = "curl"
)

// maxUserAgent bounds how much of a User-Agent is looked at, in bytes.
// Browsers send about 120, in-app browsers up to 400.
const maxUserAgent = 1024

// Family names the client by its User-Agent: a browser family ("chrome",
// "edge", "firefox", "opera", "safari", "samsung", "webview"), with
// "-mobile" on phones and tablets that say so, or "curl", "script" (an HTTP
// library), "bot" and "other" (a User-Agent that is none of these). Without
// a User-Agent it is "".
//
// There are no versions, so that an update is not a new client. The name is
// what the client says of itself; anyone can say anything.
func Family(userAgent string) string {
	ua := strings.TrimSpace(userAgent)
	if ua == "" {
		return ""
	}
	if len(ua) > maxUserAgent {
		ua = ua[:maxUserAgent]
	}
	if f := automated(ua); f != "" {
		return f
	}
	name := browser(ua)
	if name == familyOther {
		return name
	}
	if hasAny(ua, "Mobile", "Android", "iPhone", "iPad", "Tablet") {
		return name + "-mobile"
	}
	return name
}

// automated recognises clients that no person sits in front of. It comes
// first, as crawlers carry a browser's User-Agent inside their own.
func automated(ua string) string {
	switch {
	case hasPrefixFold(ua, "curl/"):
		return familyCurl
	case isBot(ua):
		return familyBot
	case hasPrefixAny(ua, "python-", "Python/", "Python-urllib", "Go-http-client", "Java/", "okhttp/",
		"axios/", "node", "undici", "Wget/", "PHP/", "GuzzleHttp", "libwww-perl", "Ruby",
		"Apache-HttpClient", "PostmanRuntime", "Dalvik/", "HTTPie/", "aiohttp", "WordPress/"),
		hasAny(ua, "python-requests", "aiohttp/", "HttpClient"):
		return familyScript
	}
	return ""
}

// browser names the browser. Order matters: every browser names the ones it
// wants to be taken for, so the rarer mark is looked for first.
func browser(ua string) string {
	switch {
	case hasAny(ua, "Edg/", "EdgA/", "EdgiOS/", "Edge/"):
		return "edge"
	case hasAny(ua, "OPR/", "OPT/", "OPX/", "Opera"):
		return "opera"
	case hasAny(ua, "SamsungBrowser/"):
		return "samsung"
	case hasAny(ua, "Firefox/", "FxiOS/"):
		return "firefox"
	case hasAny(ua, "; wv)", "FBAN/", "FBAV/", "Instagram ", "GSA/"):
		// An app's own window: it shares no cookies with the browser, so
		// for us it is another client.
		return "webview"
	case hasAny(ua, "Chrome/", "Chromium/", "CriOS/"):
		return "chrome"
	case hasAny(ua, "Safari/") && hasAny(ua, "Version/"):
		return "safari"
	case hasAny(ua, "AppleWebKit/") && hasAny(ua, "iPhone", "iPad"):
		return "webview" // iOS apps leave Safari's own marks out
	}
	return familyOther
}

func hasAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func hasPrefixAny(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func hasPrefixFold(s, prefix string) bool {
	// The second byte first: it nearly always differs already.
	return len(s) >= len(prefix) && s[1]|0x20 == prefix[1] && strings.EqualFold(s[:len(prefix)], prefix)
}

// isBot looks for the marks of crawlers whatever their case, in one pass.
func isBot(ua string) bool {
	for i := 0; i+3 <= len(ua); i++ {
		// |0x20 folds letters and leaves digits and most signs as they are.
		switch ua[i] | 0x20 {
		case 'b':
			if !hasPrefixFold(ua[i:], "bot") {
				continue
			}
			if i > 0 && ua[i-1] == '-' || i+3 < len(ua) && strings.IndexByte("/;) ", ua[i+3]) >= 0 {
				return true
			}
		case 's':
			if hasPrefixFold(ua[i:], "spider") {
				return true
			}
		case 'c':
			if hasPrefixFold(ua[i:], "crawl") {
				return true
			}
		case 'h':
			if hasPrefixFold(ua[i:], "headless") {
				return true
			}
		case 'p':
			if hasPrefixFold(ua[i:], "phantomjs") {
				return true
			}
		}
	}
	return false
}
