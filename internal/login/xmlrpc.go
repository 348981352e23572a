package login

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
)

// errXML is any departure from the one form of XML-RPC that is read.
var errXML = errors.New("not strict XML-RPC")

// maxXMLDepth is how deep values may nest; media uploads, the deepest calls
// of WordPress' apps, need 8.
const maxXMLDepth = 32

// decideXMLRPC reads WordPress' XML-RPC, whose every call may carry an
// account and a password. WordPress takes the raw body there, of whatever
// type it says to be, except multipart.
func (rd *Reader) decideXMLRPC(s *subject, f *form) Reading {
	for _, e := range rd.endpoints {
		if e.cfg.Body != bodyXMLRPC || !e.onPath(s) {
			continue
		}
		if strings.IndexByte(f.text, '<') < 0 || s.media.kind == mediaMultipart && !f.broken {
			// No XML at all: a form that found no login above.
			return other
		}
		calls, err := readCalls(f.text)
		if err != nil {
			return refuse(e, http.StatusBadRequest, ReasonXML)
		}
		// WordPress tries the password of every call of a batch: what may
		// not be more than one try holds one at most.
		out := other
		for i := range calls {
			account, tries, reason := calls[i].credentials()
			switch {
			case reason != "":
				return refuse(e, http.StatusBadRequest, reason)
			case tries && out.Kind == Attempt:
				return refuse(e, http.StatusBadRequest, ReasonMulticall)
			case tries:
				out = Reading{Kind: Attempt, Endpoint: e, Account: account}
			}
		}
		return out
	}
	return other
}

// accountParam says which parameter of a method is the account; the password
// follows it. -1 stands for a method without. From WordPress'
// class-wp-xmlrpc-server.php; known is false for methods of plugins.
func accountParam(method string) (at int, known bool) {
	switch method {
	case "demo.sayHello", "demo.addTwoNumbers",
		"system.listMethods", "system.getCapabilities",
		"pingback.ping", "pingback.extensions.getPingbacks",
		"mt.supportedMethods", "mt.supportedTextFilters", "mt.getTrackbackPings":
		return -1, true
	case "wp.getUsersBlogs":
		return 0, true
	case "blogger.getUsersBlogs", "blogger.getUserInfo", "metaWeblog.getUsersBlogs":
		// The first is an application's key.
		return 1, true
	case "blogger.getPost", "blogger.getRecentPosts", "blogger.newPost", "blogger.editPost", "blogger.deletePost",
		"metaWeblog.deletePost":
		// A key and the number of a blog or post.
		return 2, true
	case "metaWeblog.newPost", "metaWeblog.editPost", "metaWeblog.getPost", "metaWeblog.getRecentPosts",
		"metaWeblog.getCategories", "metaWeblog.newMediaObject",
		"mt.getCategoryList", "mt.getRecentPostTitles", "mt.getPostCategories", "mt.setPostCategories", "mt.publishPost":
		return 1, true
	}
	if name, ok := strings.CutPrefix(method, "wp."); ok && wpMethods[name] {
		return 1, true
	}
	return 0, false
}

// wpMethods are WordPress' own methods of the form (blog, account, password,
// …).
var wpMethods = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`
		newPost editPost deletePost getPost getPosts newTerm editTerm deleteTerm getTerm getTerms
		getTaxonomy getTaxonomies getUser getUsers getProfile editProfile getPage getPages newPage
		deletePage editPage getPageList getAuthors getCategories getTags newCategory deleteCategory
		suggestCategories uploadFile deleteFile getCommentCount getPostStatusList getPageStatusList
		getPageTemplates getOptions setOptions getComment getComments deleteComment editComment
		newComment getCommentStatusList getMediaItem getMediaLibrary getPostFormats getPostType
		getPostTypes getRevisions restoreRevision`) {
		m[name] = true
	}
	return m
}()

// call is a method call; of its parameters only plain strings are kept.
type call struct {
	method string
	params []callParam
}

type callParam struct {
	text  bool // a string
	value string
}

// xmlReader walks the elements of a call, each in its place.
type xmlReader struct {
	d *xml.Decoder
}

// readCalls reads a call, or those that a system.multicall holds. The
// grammar is `<methodCall><methodName/><params><param><value/>…`, with
// nothing else but white space, comments and one declaration around it:
// WordPress' parser skips what it does not know, so what is not in its place
// could be a second call to it.
func readCalls(text string) (calls []call, err error) {
	c, x, err := readMethod(text)
	if err != nil {
		return nil, err
	}
	if c.method == "system.multicall" {
		calls, err = x.readMulticall()
	} else {
		c.params, err = x.params()
		calls = []call{c}
	}
	if err != nil {
		return nil, err
	}
	if _, err := x.next(); err != io.EOF {
		return nil, errXML
	}
	return calls, nil
}

// readMethod reads up to the end of the method's name.
func readMethod(text string) (c call, x *xmlReader, err error) {
	// A prolog of its own would let a parser choose a charset.
	if strings.Contains(text, "<!") || strings.Count(text, "<?") > 1 {
		return c, nil, errXML
	}
	x = &xmlReader{d: xml.NewDecoder(strings.NewReader(text))}
	if err := x.open("methodCall"); err != nil {
		return c, nil, err
	}
	if err := x.open("methodName"); err != nil {
		return c, nil, err
	}
	c.method, err = x.text("methodName")
	c.method = strings.TrimSpace(c.method)
	return c, x, err
}

// params reads what follows the method's name, up to the call's end.
func (x *xmlReader) params() (params []callParam, err error) {
	end, err := x.openOr("params", "methodCall")
	if err != nil || end {
		return nil, err
	}
	for {
		if end, err = x.openOr("param", "params"); err != nil {
			return nil, err
		}
		if end {
			return params, x.close("methodCall")
		}
		if err := x.open("value"); err != nil {
			return nil, err
		}
		p, err := x.value()
		if err != nil {
			return nil, err
		}
		params = append(params, p)
		if err := x.close("param"); err != nil {
			return nil, err
		}
	}
}

// next gives the next element's start or end; text between must be blank.
func (x *xmlReader) next() (xml.Token, error) {
	for {
		t, err := x.d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(t.Attr) > 0 || t.Name.Space != "" {
				return nil, errXML
			}
			return t, nil
		case xml.EndElement:
			return t, nil
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, errXML
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, errXML
			}
		default:
			return nil, errXML
		}
	}
}

func (x *xmlReader) open(name string) error {
	t, err := x.next()
	if s, ok := t.(xml.StartElement); err != nil || !ok || s.Name.Local != name {
		return errXML
	}
	return nil
}

func (x *xmlReader) close(name string) error {
	t, err := x.next()
	if e, ok := t.(xml.EndElement); err != nil || !ok || e.Name.Local != name {
		return errXML
	}
	return nil
}

// openOr opens an element, or reports the end of the one around it.
func (x *xmlReader) openOr(name, around string) (end bool, err error) {
	t, err := x.next()
	if err != nil {
		return false, errXML
	}
	switch t := t.(type) {
	case xml.StartElement:
		if t.Name.Local == name {
			return false, nil
		}
	case xml.EndElement:
		if t.Name.Local == around {
			return true, nil
		}
	}
	return false, errXML
}

// text reads up to the end of an element that holds text only.
func (x *xmlReader) text(name string) (string, error) {
	var b strings.Builder
	for {
		t, err := x.d.Token()
		if err != nil {
			return "", errXML
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			if t.Name.Local != name {
				return "", errXML
			}
			return b.String(), nil
		default:
			return "", errXML
		}
	}
}

// value reads what stands in `<value>`, up to its end.
func (x *xmlReader) value() (callParam, error) {
	var b strings.Builder
	for {
		t, err := x.d.Token()
		if err != nil {
			return callParam{}, errXML
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			// A value without a type is a string.
			return callParam{text: true, value: b.String()}, nil
		case xml.StartElement:
			if strings.TrimSpace(b.String()) != "" || len(t.Attr) > 0 {
				return callParam{}, errXML
			}
			var p callParam
			if t.Name.Local == "string" {
				p.text = true
				p.value, err = x.text("string")
			} else {
				err = x.skip()
			}
			if err != nil {
				return callParam{}, err
			}
			return p, x.close("value")
		default:
			return callParam{}, errXML
		}
	}
}

// skip passes over an element of any content.
func (x *xmlReader) skip() error {
	for depth := 1; depth > 0; {
		t, err := x.d.Token()
		if err != nil || depth > maxXMLDepth {
			return errXML
		}
		switch t := t.(type) {
		case xml.StartElement:
			if n := t.Name.Local; n == "methodCall" || n == "methodName" || n == "param" || n == "params" {
				return errXML
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}
