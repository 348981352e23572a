'use strict';
// Koa with koa-bodyparser, @koa/multer, @koa/router and basic-auth.

const auth = require('basic-auth');
const Koa = require('koa');
const bodyParser = require('koa-bodyparser');
const multer = require('@koa/multer');
const Router = require('@koa/router');
const reporter = require('./report');

module.exports = function start(port) {
  const report = reporter('koa');
  const app = new Koa();
  const router = new (Router.Router ?? Router.default ?? Router)();
  const answer = (ctx, handler, account, password) => {
    ctx.status = report(ctx.req, handler, account, password);
    ctx.set('X-Lab-Handler', handler);
    ctx.body = handler + '\n';
  };
  app.silent = true;
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (err) {
      answer(ctx, 'error');
      ctx.status = err.status ?? 500;
    }
  });
  app.use(bodyParser());
  app.use(multer().any());
  router.all('/account/login', (ctx) => answer(ctx, 'login', ctx.request.body?.user, ctx.request.body?.pass));
  router.all('/account/basic', (ctx) => {
    const given = auth(ctx);
    answer(ctx, 'login', given?.name, given?.pass);
  });
  app.use(router.routes());
  app.use((ctx) => answer(ctx, 'other'));
  return app.listen(port, '127.0.0.1');
};
