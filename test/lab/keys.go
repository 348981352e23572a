package main

import (
	"fmt"
	"strings"
)

// keyTemplates are spellings of a field's name K that some server takes for
// it, as they stand in urlencoded data.
var keyTemplates = []string{
	"K[]", "K[0]", "K[1]", "K[a]", "K[0][0]", "K[a][b]", "K[][x]", "K[$ne]", "K[length]", "K[__proto__]", "K[toString]", "K[", "K[a", "K]", "[K]", "[K", "K[]]", "K[]x", "K[a]x", "[]K", "x[K]", "data[K]", "K[K]",
	"+K", "%20K", "++K", "K+", "K%20", "%09K", "K%09", "%0aK", "K%0a", "%0dK", "K%0d%0a", "%0bK", "%0cK", "%c2%a0K", "K%c2%a0", "%e3%80%80K", "%e2%80%8bK", "K%e2%80%8b", "%ef%bb%bfK", "K%c2%ad", "%c2%85K",
	"K%00", "K%00x", "K%00[]", "%00K", "K%00+", "K[%00]", "K.", ".K", "K.x", "x.K", "K-", "_K", "K_", "K%5f", "K:", "K%3d", "K%3d%3d", "K%26", "K%3b", "K;", ";K", "x;K", "K%25", "%K", "K%", "K%2", "K%zz",
	"%5bK%5d", "K%5b%5d", "K%5B0%5D", "K%5b", "K[%5d", "K%255b%255d", "amp;K", "%26K", "?K", "%3fK", "#K", "/K", "K/", "*K", "$K", "@K", "'K'", `"K"`, "%22K%22", "`K`", "(K)", "{K}", "<K>", "!K", "~K",
	"__proto__[K]", "__proto__.K", "constructor[prototype][K]", "prototype[K]", "K%ff", "%ffK", "%c0%80K", "K%cc%81", "%e2%81%a0K", "1K", "K1", "K%7f", "%01K", "K%01", "K%1f", "%20%20K", "K%20%20", "K%20[]", "%20K[]", "K%20x",
}

// spell gives oddly spelled names that are no templates.
func spell(name string) []string {
	all := func(f func(byte) string) string {
		var b strings.Builder
		for i := 0; i < len(name); i++ {
			b.WriteString(f(name[i]))
		}
		return b.String()
	}
	wide := all(func(c byte) string { return string(rune(c) - 'a' + 'ａ') })
	return []string{
		strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name[:1] + strings.ToUpper(name[1:2]) + name[2:],
		all(func(c byte) string { return fmt.Sprintf("%%%02x", c) }), all(func(c byte) string { return fmt.Sprintf("%%%02X", c) }),
		all(func(c byte) string { return fmt.Sprintf("%%25%02x", c) }), all(func(c byte) string { return fmt.Sprintf("%%u00%02x", c) }),
		fmt.Sprintf("%%%02x", name[0]) + name[1:], name[:3] + fmt.Sprintf("%%%02X", name[3]), fmt.Sprintf("%%%02X", name[0]-32) + name[1:],
		percent(wide), percent(strings.Replace(name, "s", "ſ", 1)), percent(name[:1] + "\u0301" + name[1:]), percent(strings.Replace(name, "s", "ѕ", 1)),
		name[:2] + "%00" + name[2:], name[:2] + "%20" + name[2:], name[:2] + `\` + name[2:], name[:2] + "%5c" + name[2:], name[:2] + "%c2%ad" + name[2:], name[:2] + "+" + name[2:],
		all(func(c byte) string { return fmt.Sprintf("%%00%c", c) }), all(func(c byte) string { return fmt.Sprintf("%c%%00", c) }),
		percent("𝓊𝓈𝑒𝓇"), name[:2] + "%0d%0a" + name[2:], "",
	}
}

// percent escapes every byte beyond ASCII.
func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] < 0x80 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
	}
	return b.String()
}

// oddKeys put an oddly spelled name in the place of a field, or before or
// behind it with another value.
func oddKeys(kind string) []oddity {
	var out []oddity
	for _, name := range []string{"user", "pass"} {
		good, decoy := "{a}", "{d}"
		if name == "pass" {
			good, decoy = "{p}", "{q}"
		}
		var names []string
		for _, t := range keyTemplates {
			names = append(names, strings.ReplaceAll(t, "K", name))
		}
		names = append(append(names, spell(name)...), name)
		for _, key := range names {
			for _, at := range []string{"instead", "before", "behind", "twice", "same"} {
				pairs := [][2]string{{"user", "{a}"}, {"pass", "{p}"}}
				i := 0
				if name == "pass" {
					i = 1
				}
				switch at {
				case "instead":
					pairs[i][0] = key
				case "before":
					pairs = append([][2]string{{key, decoy}}, pairs...)
				case "behind":
					pairs = append(pairs, [2]string{key, decoy})
				case "twice":
					pairs[i][0] = key
					pairs = append(pairs, [2]string{key, decoy})
				case "same":
					pairs = append(pairs, [2]string{key, good})
				}
				out = append(out, oddity{"key " + kind + " " + key + " " + at, func(d *draft) { d.pairs(pairs) }})
			}
		}
	}
	return out
}

// pairs makes a body of the draft's kind; names are urlencoded.
func (d *draft) pairs(pairs [][2]string) {
	switch d.kind {
	case "multipart":
		var ps []part
		for _, p := range pairs {
			name := p[0]
			if d.g.rng.IntN(2) == 0 {
				name = unescape(name)
			}
			ps = append(ps, part{name: name, value: d.say(p[1])})
		}
		d.parts(ps)
	case "json":
		var fields []string
		for _, p := range pairs {
			fields = append(fields, quoteJSON(unescape(p[0]))+":"+quoteJSON(d.say(p[1])))
		}
		d.req.Body = []byte("{" + strings.Join(fields, ",") + "}")
	case "text":
		var lines []string
		for _, p := range pairs {
			lines = append(lines, p[0]+"="+d.say(p[1]))
		}
		d.req.Body = []byte(strings.Join(lines, pick(d.g.rng, []string{"\r\n", "\n", "&", ";"})))
	default:
		var fields []string
		for _, p := range pairs {
			fields = append(fields, p[0]+"="+d.say(p[1]))
		}
		d.req.Body = []byte(strings.Join(fields, "&"))
	}
}
