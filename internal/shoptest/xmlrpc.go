package shoptest

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

// value is one XML-RPC value, as far as logins need it.
type value struct {
	Chars  string   `xml:",chardata"`
	String *string  `xml:"string"`
	Int    string   `xml:"int"`
	I4     string   `xml:"i4"`
	Array  []value  `xml:"array>data>value"`
	Struct []member `xml:"struct>member"`
}

type member struct {
	Name  string `xml:"name"`
	Value value  `xml:"value"`
}

func (x value) text() string {
	switch {
	case x.String != nil:
		return *x.String
	case x.Int != "":
		return x.Int
	case x.I4 != "":
		return x.I4
	}
	return strings.TrimSpace(x.Chars) // a value without a type is a string
}

func (x value) member(name string) value {
	for _, m := range x.Struct {
		if m.Name == name {
			return m.Value
		}
	}
	return value{}
}

type call struct {
	XMLName xml.Name `xml:"methodCall"`
	Method  string   `xml:"methodName"`
	Params  []value  `xml:"params>param>value"`
}

// wpXMLRPC is xmlrpc.php: the raw body whatever its type, 200 both ways, and
// with system.multicall many calls a request. After the first wrong password
// WordPress refuses the rest of a multicall unseen (since 4.4).
func wpXMLRPC(v *visit) {
	if v.r.Method != http.MethodPost {
		v.w.Header().Set("Allow", "POST")
		v.write(http.StatusMethodNotAllowed, "text/plain; charset=UTF-8", "XML-RPC server accepts POST requests only.")
		return
	}
	var c call
	if err := xml.NewDecoder(bytes.NewReader(v.rec.Body)).Decode(&c); err != nil {
		v.xml(fault(-32700, "parse error. not well formed"))
		return
	}
	failed := false
	if strings.TrimSpace(c.Method) != "system.multicall" {
		answer, wrong := v.xmlCall(strings.TrimSpace(c.Method), c.Params, &failed)
		if wrong {
			v.xml(fault(403, "Incorrect username or password."))
			return
		}
		v.xml("<params><param><value>" + answer + "</value></param></params>")
		return
	}
	var answers strings.Builder
	if len(c.Params) > 0 {
		for _, one := range c.Params[0].Array {
			answer, wrong := v.xmlCall(one.member("methodName").text(), one.member("params").Array, &failed)
			if wrong {
				answers.WriteString("<value>" + faultStruct(403, "Incorrect username or password.") + "</value>")
				continue
			}
			answers.WriteString("<value><array><data><value>" + answer + "</value></data></array></value>")
		}
	}
	v.xml("<params><param><value><array><data>" + answers.String() + "</data></array></value></param></params>")
}

// xmlCall runs one method; wrong says that its password was.
func (v *visit) xmlCall(method string, params []value, failed *bool) (answer string, wrong bool) {
	at := -1 // index of the account among the parameters
	switch {
	case method == "wp.getUsersBlogs":
		at = 0
	case strings.HasPrefix(method, "wp."), strings.HasPrefix(method, "metaWeblog."),
		strings.HasPrefix(method, "mt."), strings.HasPrefix(method, "blogger."):
		at = 1
	case method == "demo.sayHello":
		return "<string>Hello!</string>", false
	}
	if at < 0 || len(params) < at+2 {
		return "<string></string>", false
	}
	if *failed {
		return "", true
	}
	if _, message := v.wpAuthenticate("xmlrpc", params[at].text(), params[at+1].text()); message != "" {
		*failed = true
		return "", true
	}
	return "<array><data><value><struct><member><name>isAdmin</name><value><boolean>0</boolean></value></member>" +
		"<member><name>blogName</name><value><string>Shop Example</string></value></member></struct></value></data></array>", false
}

func (v *visit) xml(inner string) {
	v.write(http.StatusOK, "text/xml; charset=UTF-8",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodResponse>\n  "+inner+"\n</methodResponse>\n")
}

func fault(code int, text string) string {
	return "<fault>\n    <value>\n      " + faultStruct(code, text) + "\n    </value>\n  </fault>"
}

func faultStruct(code int, text string) string {
	return "<struct>\n        <member>\n          <name>faultCode</name>\n          <value><int>" + strconv.Itoa(code) +
		"</int></value>\n        </member>\n        <member>\n          <name>faultString</name>\n          <value><string>" +
		esc(text) + "</string></value>\n        </member>\n      </struct>"
}
