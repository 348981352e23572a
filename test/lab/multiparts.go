package main

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// part is one field of a multipart body. Header, if given, is its header as
// it is sent, line ends included.
type part struct{ name, value, header string }

const boundary = "----lab7MA4YWxkTrZu0gW"

// parts makes a multipart body as browsers do.
func (d *draft) parts(parts []part) {
	d.req.set("Content-Type", "multipart/form-data; boundary="+boundary)
	d.req.Body = []byte(joinParts(parts, boundary, "\r\n"))
}

func joinParts(parts []part, boundary, eol string) string {
	var b strings.Builder
	for _, p := range parts {
		header := p.header
		if header == "" {
			header = `Content-Disposition: form-data; name="` + p.name + `"` + eol
		}
		b.WriteString("--" + boundary + eol + header + eol + p.value + eol)
	}
	return b.String() + "--" + boundary + "--" + eol
}

func (d *draft) bigParts(filler, at string) {
	user, pass := part{name: "user", value: d.account}, part{name: "pass", value: d.password}
	big := part{name: "x", value: filler}
	switch at {
	case "before":
		d.parts([]part{big, user, pass})
	case "behind":
		d.parts([]part{user, pass, big})
	case "between":
		d.parts([]part{user, big, pass})
	case "inside":
		pass.value += filler
		d.parts([]part{user, pass})
	default:
		d.parts([]part{user, big, {name: strings.ReplaceAll(pick(d.g.rng, keyTemplates), "K", "pass"), value: d.password}})
	}
}

// adder adds an oddity of multipart bodies.
type adder func(mark string, f func(d *draft))

// multiparts are odd multipart bodies.
func multiparts() []oddity {
	var out []oddity
	add := func(mark string, f func(d *draft)) { out = append(out, oddity{"multipart " + mark, f}) }
	addPartHeaders(add)
	addPartEncodings(add)
	addMultipartTypes(add)
	addFrames(add)
	addWholeBodies(add)
	return append(out, sizes("multipart")...)
}

// cd begins the header of a field's part.
const cd = "Content-Disposition: form-data; "

// partHeaders are headers of the account's part; @ is its name.
func partHeaders() []string {
	return []string{
		cd + "name=@", cd + "name='@'", cd + "name=`@`", cd + `name="zzz"; name="@"`, cd + `name="@"; name="zzz"`, cd + `name*=utf-8''@`, cd + `name="zzz"; name*=utf-8''@`, cd + `name*=utf-8''@; name="zzz"`,
		cd + `name*0="us"; name*1="er"`, cd + `name*0*=utf-8''us; name*1="er"`, cd + `NAME="@"`, cd + `Name="@"`, cd + `name = "@"`, cd + `name= "@"`, cd + `name ="@"`, cd + `name="us\er"`, cd + `name="@\"`, cd + `name="\@"`, cd + `name="us%65r"`,
		cd + `name="@"; filename="a.txt"`, cd + `name="@"; filename=""`, cd + `filename="a"; name="@"`, cd + `name="@"; filename*=utf-8''a`, cd + `name="@"; filename`, cd + `name="@"; FILENAME="x"`, cd + `name="@"; filename='x'`, cd + `filename="; name=@"; name="zzz"`, cd + `filename="\"; name=\"@"; name="zzz"`,
		cd + `name="@" filename="x"`, cd + `name="@"; x="y"`, cd + `name="@"; x=`, cd + `name="@";`, cd + `name="@";;`, cd + `; name="@"`, cd + `name="@", name="zzz"`, cd + `name="@" x`, cd + `name=@;x`, cd + `name="@`, cd + `name=@"`, cd + `name=""@""`, cd + `name="@"x`, cd + `x; name="@"`, cd + `xname="@"; name="zzz"`, cd + `x="; name=zzz"; name="@"`,
		cd + "\r\n name=\"@\"", cd + "\r\n\tname=\"@\"", cd + "name=\"us\r\n er\"", cd + "name=\r\n \"@\"", cd + "\tname=\"@\"", `Content-Disposition:form-data;name="@"`, `Content-Disposition : form-data; name="@"`, ` Content-Disposition: form-data; name="@"`, `content-disposition: form-data; name="@"`, `CONTENT-DISPOSITION: FORM-DATA; NAME="@"`,
		`Content-Disposition: Form-Data; name="@"`, `Content-Disposition: attachment; name="@"`, `Content-Disposition: inline; name="@"`, `Content-Disposition: name="@"`, `Content-Disposition: ; name="@"`, `Content-Disposition: form-data name="@"`, `Content-Disposition: form-data, name="@"`, `Content-Disposition: "form-data"; name="@"`, `Content-Disposition: x form-data; name="@"`, `Content-Disposition: form-data`, `Content-Disposition: form-data; name="=?utf-8?q?@?="`, `Content-Disposition: =?utf-8?q?form-data?=; name="@"`,
		cd + "name=\"@\"\r\n" + cd + `name="zzz"`, cd + "name=\"zzz\"\r\n" + cd + `name="@"`, "X: y\r\n" + cd + `name="@"`, "X y\r\n" + cd + `name="@"`, ": y\r\n" + cd + `name="@"`, "X: y\n" + cd + `name="@"`, "X: y\r" + cd + `name="@"`, "\ufeff" + cd + `name="@"`, "\x00" + cd + `name="@"`, cd + "name=\"@\x00\"", cd + "name=\"@\x00x\"", cd + "name=\"\x00@\"", cd + "name=\"@\";\x00 name=\"zzz\"",
		"Content-Disposition: form-data; name=\"@\"\r\nContent-Type: text/plain", cd + "name=\"@\"\r\nContent-Type: text/plain; charset=utf-16", cd + "name=\"@\"\r\nContent-Type: text/plain; charset=iso-8859-1", cd + "name=\"@\"\r\nContent-Type: text/plain; charset=utf-7", cd + "name=\"@\"\r\nContent-Type: application/json", cd + "name=\"@\"\r\nContent-Type: text/html; charset=utf-8", cd + "name=\"@\"\r\nContent-Type: application/octet-stream", cd + "name=\"@\"\r\nContent-Type: application/x-www-form-urlencoded", cd + "name=\"@\"\r\nContent-Type:", cd + "name=\"@\"\r\nContent-Type: x",
		cd + "name=\"@\"\r\nContent-Transfer-Encoding: 7bit", cd + "name=\"@\"\r\nContent-Transfer-Encoding: binary", cd + "name=\"@\"\r\nContent-Length: 3", cd + "name=\"@\"\r\nContent-Length: 99999", cd + "name=\"@\"\r\nContent-Encoding: gzip", cd + "name=\"@\"\r\nContent-Type: multipart/mixed; boundary=inner", "Content-Type: text/plain; name=\"@\"", "Content-Type: text/plain; name=\"zzz\"\r\n" + cd + "name=\"@\"", "Content-ID: @", "Content-ID: @\r\n" + cd + `filename="x"`, "Content-Disposition; name=\"@\"",
		cd + `name="@[]"`, cd + `name=" @"`, cd + `name="@ "`, cd + `name="%22@%22"`, cd + `name="@%00"`, cd + `name="@&amp;"`, cd + `name="x&quot;@"`, cd + "name=\"@\r\n\"", cd + "name=\"@\n\"", cd + "name=\"@\t\"", cd + `name="U\u0053ER"`, cd + "name=\"\xff\"", cd + `name=""`,
	}
}

// addPartHeaders gives one of the credentials' parts an odd header.
func addPartHeaders(add adder) {
	for _, h := range partHeaders() {
		for _, name := range []string{"user", "pass"} {
			h := strings.ReplaceAll(h, "@", name)
			if name == "pass" {
				h = strings.NewReplacer("us%65r", "p%61ss", `us\er`, `pa\ss`, `"us"`, `"pa"`, `"er"`, `"ss"`, "''us", "''pa", "us\r\n er", "pa\r\n ss").Replace(h)
			}
			for _, at := range []string{"instead", "before", "behind"} {
				add(fmt.Sprintf("part %s %s", short(h), at), func(d *draft) {
					parts := []part{{name: "user", value: d.account}, {name: "pass", value: d.password}}
					decoy := part{header: h + "\r\n", value: d.say(map[string]string{"user": "{d}", "pass": "{q}"}[name])}
					switch at {
					case "before":
						parts = append([]part{decoy}, parts...)
					case "behind":
						parts = append(parts, decoy)
					default:
						i := 0
						if name == "pass" {
							i = 1
						}
						parts[i] = part{header: h + "\r\n", value: parts[i].value}
					}
					d.parts(parts)
				})
			}
		}
	}
}

// addPartEncodings gives the account's part an encoding of its own.
func addPartEncodings(add adder) {
	for _, enc := range []string{"base64", "quoted-printable", "x-unknown", "Base64", "8bit"} {
		add("part encoded "+enc, func(d *draft) {
			value := base64.StdEncoding.EncodeToString([]byte(d.account))
			if enc == "quoted-printable" {
				value = "=61" + d.account[1:]
			}
			d.parts([]part{{header: cd + "name=\"user\"\r\nContent-Transfer-Encoding: " + enc + "\r\n", value: value}, {name: "pass", value: d.password}})
		})
	}
}

// addMultipartTypes changes the Content-Type.
func addMultipartTypes(add adder) {
	// The type's parameters; @ is the boundary that the body has.
	for _, ct := range []string{
		`boundary="@"`, `boundary='@'`, `boundary=@; boundary=zzz`, `boundary=zzz; boundary=@`, `boundary=@;boundary=@`, `BOUNDARY=@`, `Boundary=@`, `boundary = @`, `boundary= @`, `boundary*=utf-8''@`, `boundary*0=@`, `boundary="@`, `boundary=@"`, `boundary=@,`, `boundary=@ x`, `boundary=@;charset=utf-8`, `charset=utf-16; boundary=@`, `charset=utf-7; boundary=@`,
		`boundary=@x`, `boundary=`, `boundary=""`, `boundary`, `x`, ``, `x=boundary=@`, `xboundary=@`, `x="boundary=zzz"; boundary=@`, `boundary="\@"`, `boundary=@, multipart/form-data; boundary=zzz`, `boundary=zzz, multipart/form-data; boundary=@`, `boundary=--@`, `;boundary=@`, `boundary=@;`, `boundary=@ ; x=y`, "\tboundary=@", `boundary:@`,
	} {
		add("type "+ct, func(d *draft) {
			d.req.set("Content-Type", "multipart/form-data; "+strings.ReplaceAll(ct, "@", boundary))
		})
	}
	for _, mt := range []string{"multipart/mixed", "multipart/related", "multipart/alternative", "multipart/form-data ", "Multipart/Form-Data", "multipart/x", "multipart/form-data/x", "multipart/form", "multipart", "application/x-www-form-urlencoded", "text/plain", "message/rfc822"} {
		add("as "+mt, func(d *draft) { d.req.set("Content-Type", mt+"; boundary="+boundary) })
	}
}

// edit adds an oddity that rewrites the body.
func (add adder) edit(mark string, f func(d *draft, body string) string) {
	add(mark, func(d *draft) { d.req.Body = []byte(f(d, string(d.req.Body))) })
}

// addFrames breaks the frame between the parts.
func addFrames(add adder) {
	swap := func(mark, old, new string, n int) {
		add.edit(mark, func(d *draft, body string) string { return strings.Replace(body, old, d.say(new), n) })
	}
	dash := "--" + boundary
	swap("lf only", "\r\n", "\n", -1)
	swap("cr only", "\r\n", "\r", -1)
	swap("first line lf", "\r\n", "\n", 1)
	swap("no end", dash+"--\r\n", "", 1)
	swap("end without line end", dash+"--\r\n", dash+"--", 1)
	swap("end cut", dash+"--\r\n", dash+"-", 1)
	swap("end without dashes", dash+"--\r\n", dash+"\r\n", 1)
	swap("end early", dash+"\r\n", dash+"--\r\n"+dash+"\r\n", 2)
	swap("end early, twice", dash+"\r\nContent-Disposition: form-data; name=\"pass\"", dash+"--\r\n"+dash+"\r\nContent-Disposition: form-data; name=\"pass\"", 1)
	swap("blank behind boundary", dash+"\r\n", dash+" \r\n", -1)
	swap("tab behind boundary", dash+"\r\n", dash+"\t\r\n", -1)
	swap("text behind boundary", dash+"\r\n", dash+"x\r\n", -1)
	swap("text behind a boundary", dash+"\r\n", dash+"x\r\n", 1)
	swap("blank before boundary", dash, " "+dash, -1)
	swap("upper boundary", boundary, strings.ToUpper(boundary), -1)
	swap("boundary in a value", "{a}", "x"+dash+"x", 1)
	swap("one dash less", dash, dash[1:], -1)
	swap("no blank line", "\r\n\r\n", "\r\n", 1)
	swap("three line ends", "\r\n\r\n", "\r\n\r\n\r\n", 1)
	swap("lf blank line", "\r\n\r\n", "\n\n", -1)
	swap("mixed blank line", "\r\n\r\n", "\r\n\n", -1)
	swap("no line before boundary", "\r\n"+dash, dash, 1)
	swap("lf before boundary", "\r\n"+dash, "\n"+dash, -1)
}

// addWholeBodies puts something before, behind or in place of the body.
func addWholeBodies(add adder) {
	add.edit("preamble", func(d *draft, body string) string { return "preamble\r\n" + body })
	add.edit("line before", func(d *draft, body string) string { return "\r\n" + body })
	add.edit("preamble with a part", func(d *draft, body string) string {
		return joinParts([]part{{name: "user", value: d.say("{d}")}}, boundary+"x", "\r\n") + body
	})
	add.edit("epilogue", func(d *draft, body string) string { return body + "epilogue" })
	add.edit("epilogue with parts", func(d *draft, body string) string {
		return body + joinParts([]part{{name: "user", value: d.say("{d}")}, {name: "pass", value: d.say("{q}")}}, boundary, "\r\n")
	})
	add.edit("form behind", func(d *draft, body string) string { return body + d.say("&user={d}&pass={q}") })
	add.edit("cut", func(d *draft, body string) string { return body[:d.g.rng.IntN(len(body))] })
	add.edit("nul behind", func(d *draft, body string) string { return body + "\x00" })
	add.edit("mark before", func(d *draft, body string) string { return "\ufeff" + body })
	add.edit("in another's value", func(d *draft, _ string) string {
		inner := joinParts([]part{{name: "user", value: d.say("{d}")}, {name: "pass", value: d.say("{q}")}}, "inner", "\r\n")
		return joinParts([]part{{name: "user", value: d.account}, {name: "pass", value: d.password}, {header: "Content-Type: multipart/mixed; boundary=inner\r\n", value: inner}}, boundary, "\r\n")
	})
	add.edit("twice", func(d *draft, _ string) string {
		return joinParts([]part{{name: "user", value: d.account}, {name: "pass", value: d.password}, {name: "user", value: d.say("{d}")}, {name: "pass", value: d.say("{q}")}}, boundary, "\r\n")
	})
	add.edit("charset part", func(d *draft, _ string) string {
		return joinParts([]part{{name: "_charset_", value: "utf-16"}, {name: "user", value: d.account}, {name: "pass", value: d.password}}, boundary, "\r\n")
	})
	add.edit("bytes in value", func(d *draft, _ string) string {
		return joinParts([]part{{name: "user", value: d.account + "\xff"}, {name: "pass", value: d.password}}, boundary, "\r\n")
	})
	add.edit("line in value", func(d *draft, _ string) string {
		return joinParts([]part{{name: "user", value: d.account + pick(d.g.rng, []string{"\n", "\r\n", "\r", "\r\n--", "\x00", "\r\n--x"})}, {name: "pass", value: d.password}}, boundary, "\r\n")
	})
}
