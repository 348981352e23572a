package login

// maxCalls is how many calls one system.multicall may hold. More than one
// password is refused anyway; the rest are lists of the like of pingbacks.
const maxCalls = 64

// readMulticall reads what follows the method's name in a call of
// `system.multicall`: one parameter, an array of structs, each with a
// methodName and params and nothing else.
func (x *xmlReader) readMulticall() (calls []call, err error) {
	for _, name := range []string{"params", "param", "value", "array", "data"} {
		if err := x.open(name); err != nil {
			return nil, err
		}
	}
	for {
		end, err := x.openOr("value", "data")
		if err != nil {
			return nil, err
		}
		if end {
			break
		}
		if len(calls) == maxCalls {
			return nil, errXML
		}
		c, err := x.structCall()
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	for _, name := range []string{"array", "value", "param", "params", "methodCall"} {
		if err := x.close(name); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// structCall reads one call, up to the end of the value that it stands in.
func (x *xmlReader) structCall() (c call, err error) {
	if err := x.open("struct"); err != nil {
		return c, err
	}
	seen := map[string]bool{}
	for {
		end, err := x.openOr("member", "struct")
		if err != nil {
			return c, err
		}
		if end {
			break
		}
		if err := x.open("name"); err != nil {
			return c, err
		}
		name, err := x.text("name")
		if err != nil || seen[name] {
			return c, errXML
		}
		seen[name] = true
		if err := x.open("value"); err != nil {
			return c, err
		}
		switch name {
		case "methodName":
			p, err := x.value()
			if err != nil || !p.text {
				return c, errXML
			}
			c.method = p.value
		case "params":
			if c.params, err = x.list(); err != nil {
				return c, err
			}
		default:
			return c, errXML
		}
		if err := x.close("member"); err != nil {
			return c, err
		}
	}
	if len(seen) != 2 {
		return c, errXML
	}
	return c, x.close("value")
}

// list reads an array of values, up to the end of the value it stands in.
func (x *xmlReader) list() (params []callParam, err error) {
	for _, name := range []string{"array", "data"} {
		if err := x.open(name); err != nil {
			return nil, err
		}
	}
	for {
		end, err := x.openOr("value", "data")
		if err != nil {
			return nil, err
		}
		if end {
			break
		}
		p, err := x.value()
		if err != nil {
			return nil, err
		}
		params = append(params, p)
	}
	if err := x.close("array"); err != nil {
		return nil, err
	}
	return params, x.close("value")
}

// credentials says what one call tries: an account, if it carries one.
// reason is why it is refused, if it is.
func (c *call) credentials() (account string, tries bool, reason string) {
	at, known := accountParam(c.method)
	switch {
	case !known:
		return "", false, ReasonMethod
	case at < 0:
		return "", false, ""
	case len(c.params) < at+2:
		// WordPress answers these with a fault before it looks at any
		// password.
		return "", true, ""
	case !c.params[at].text || !c.params[at+1].text:
		return "", false, ReasonXML
	}
	return c.params[at].value, true, ""
}
