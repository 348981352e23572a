package caddymodule

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
)

func zapKind(k factor.Kind) zap.Field { return zap.Stringer("kind", k) }

// notify tells who listens what happened to an account's second factor.
func (h *Handler) notify(r *http.Request, g *guard, name string, all []factor.Notice) {
	_ = h.second.Notify
}

func (h *Handler) deliver(ctx context.Context, r *http.Request, how *config.CodeSender, m factor.Message) error {
	return nil
}
