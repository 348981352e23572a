// Package assets holds what the pages that shoppers see are made of:
// templates, styles, scripts and languages, as committed files that are
// embedded in the binary. There is no build step; package page joins them.
package assets

import "embed"

// Files holds
//
//	page/*.html     templates of html/template
//	style/*.css     styles; a page takes base.css and its own
//	script/*.js     scripts; a page takes those it needs, in one block
//	lang/TAG.json   one flat object of key → text a language, the same keys
//	                in each; TAG is a BCP 47 tag
//
//go:embed page/*.html style/*.css script/*.js lang/*.json
var Files embed.FS
