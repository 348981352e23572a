package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/factor"
)

// A file of second factors is sealed with the keys of the gateway: it is of use
// to one with the same list of keys only, and shows nobody anything.

// maxTransfer is the largest file that is read: a hundred thousand accounts.
const maxTransfer = 512 << 20

// transferSite is the site of an export or import.
func transferSite(r *http.Request) (*App, *Handler, *guard, error) {
	app, err := runningApp()
	if err != nil {
		return nil, nil, nil, err
	}
	h, g, err := siteGuard(app, r.URL.Query().Get("site"))
	if err == nil && h.second == nil {
		err = errFactorOff
	}
	if err != nil {
		return nil, nil, nil, caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	return app, h, g, nil
}

// serveExport writes all second factors of a site.
func serveExport(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET")}
	}
	app, h, g, err := transferSite(r)
	if err != nil {
		return err
	}
	// All of it before the first byte: half a file looks like a whole one.
	var file bytes.Buffer
	n, err := g.vault.Export(r.Context(), &file, h.factorGroup(g))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: err}
	}
	app.logger.Info("second factors were exported, sealed", zap.String("site", h.name), zap.Int("accounts", n))
	w.Header().Set("Content-Type", "application/octet-stream")
	_, err = w.Write(file.Bytes())
	return err
}

// serveImport reads a file of serveExport.
func serveImport(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/octet-stream" {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only POST of application/octet-stream")}
	}
	app, h, g, err := transferSite(r)
	if err != nil {
		return err
	}
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTransfer))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusRequestEntityTooLarge, Err: err}
	}
	done, err := g.vault.Import(r.Context(), bytes.NewReader(file), r.URL.Query().Get("replace") == "true")
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	app.logger.Info("second factors were imported", zap.String("site", h.name), zap.Int("added", done.Added), zap.Int("replaced", done.Replaced), zap.Int("kept", done.Kept))
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(done)
}

// transfer is `factor export FILE` and `factor import FILE`.
func (v *verb) transfer(do, file string, replace bool) error {
	if do == "export" {
		resp, err := v.request(http.MethodGet, "factor/export?site="+v.site, nil, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		n, err := io.Copy(out, resp.Body)
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "%s: %d bytes; it opens with the same list of keys only\n", file, n)
		return nil
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	path := fmt.Sprintf("factor/import?site=%s&replace=%t", v.site, replace)
	resp, err := v.request(http.MethodPost, path, http.Header{"Content-Type": {"application/octet-stream"}}, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var done factor.Imported
	if err := json.NewDecoder(resp.Body).Decode(&done); err != nil {
		return err
	}
	fmt.Fprintf(v.cmd.OutOrStdout(), "%d added, %d replaced, %d were there and stay\n", done.Added, done.Replaced, done.Kept)
	return nil
}
