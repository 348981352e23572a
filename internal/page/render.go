package page

import "strconv"

// form is what decides on a page's fixed text: everything in it but values.
type form struct {
	kind  Kind
	frame Frame
	lang  *Language
	// What the page has of its optional parts.
	ref, when, err, more, back, picture, sound, seconds bool
}

// form returns the form of a page.
func (d *document) form() form {
	return form{kind: d.View.Kind, frame: d.View.Frame, lang: d.Language, ref: d.View.Ref != "", when: d.When != "", err: d.ErrorText != "", more: d.View.Error == "more", back: d.Back != "",
		picture: d.Picture != "", sound: d.Sound != "", seconds: d.seconds != 0}
}

// render appends the page to dst.
func (p *Pages) render(dst []byte, d *document) ([]byte, error) {
	form := d.form()
	s, known := p.pages.get(form)
	if !known {
		s = p.pageStencil(*d)
		p.pages.put(form, s)
	}
	if s != nil {
		return d.fill(dst, s), nil
	}
	page, err := p.execute(*d)
	return append(dst, page...), err
}

// pageStencil makes the stencil for all pages of one form.
func (p *Pages) pageStencil(d document) stencil {
	with := func(by *standIns) *document {
		other := d
		other.replace(by)
		return &other
	}
	return newStencil(
		func(by *standIns) ([]byte, error) { return p.execute(*with(by)) },
		func(by *standIns, s stencil) []byte { return with(by).fill(nil, s) })
}

// replace puts other values in place of all that do not belong to the form.
func (d *document) replace(by *standIns) {
	// These are in their pages also when they are empty.
	d.Shop, d.Nonce, d.View.Hold, d.View.Clearance, d.View.Task.Token = by.text[gapShop], by.text[gapNonce], by.text[gapHold], by.text[gapClearance], by.text[gapChallenge]
	d.Action = by.text[gapAction]
	by.set(&d.css, gapCSS)
	by.set((*string)(&d.Script), gapScript)
	by.set(&d.wait, gapWait)
	by.set(&d.View.Ref, gapRef)
	by.set(&d.When, gapWhen)
	by.set(&d.ErrorText, gapError)
	by.set(&d.Back, gapBack)
	by.set(&d.Picture, gapPicture)
	by.set(&d.Sound, gapSound)
	t := &d.task
	t.Token, t.Salt = by.text[gapToken], by.text[gapSalt]
	by.set(&t.Picture, gapPath)
	by.set(&t.Sound, gapSoundPath)
	t.Cost, t.Target, t.Floor = by.number[gapCost], uint32(by.number[gapTarget]), by.number[gapFloor]
	if d.seconds != 0 {
		d.seconds = by.number[gapSeconds]
	}
}

// fill appends the page that a stencil makes with the document's values.
func (d *document) fill(dst []byte, s stencil) []byte {
	for i := range s {
		dst = append(dst, s[i].text...)
		switch s[i].gap {
		case gapShop:
			dst = appendText(dst, d.Shop)
		case gapNonce:
			dst = append(dst, d.Nonce...)
		case gapHold:
			dst = appendText(dst, d.View.Hold)
		case gapRef:
			dst = appendText(dst, d.View.Ref)
		case gapClearance:
			dst = appendText(dst, d.View.Clearance)
		case gapChallenge:
			dst = appendText(dst, d.View.Task.Token)
		case gapWhen:
			dst = appendText(dst, d.When)
		case gapError:
			dst = appendText(dst, d.ErrorText)
		case gapAction:
			dst = appendAddress(dst, d.Action)
		case gapBack:
			dst = appendAddress(dst, d.Back)
		case gapPicture:
			dst = appendAddress(dst, d.Picture)
		case gapSound:
			dst = appendAddress(dst, d.Sound)
		case gapCSS:
			dst = append(dst, d.css...)
		case gapWait:
			dst = append(dst, d.wait...)
		case gapScript:
			dst = append(dst, d.Script...)
		case gapToken:
			dst = appendJSON(dst, d.task.Token)
		case gapSalt:
			dst = appendJSON(dst, d.task.Salt)
		case gapPath:
			dst = appendJSON(dst, d.task.Picture)
		case gapSoundPath:
			dst = appendJSON(dst, d.task.Sound)
		case gapCost:
			dst = strconv.AppendInt(dst, int64(d.task.Cost), 10)
		case gapTarget:
			dst = strconv.AppendUint(dst, uint64(d.task.Target), 10)
		case gapFloor:
			dst = strconv.AppendInt(dst, int64(d.task.Floor), 10)
		case gapSeconds:
			dst = strconv.AppendInt(dst, int64(d.seconds), 10)
		}
	}
	return dst
}
