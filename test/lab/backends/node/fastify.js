'use strict';
// Fastify with formbody, and with multipart fields attached to the body.

const reporter = require('./report');

module.exports = async function start(port) {
  const report = reporter('fastify');
  const app = require('fastify')({ bodyLimit: 8 << 20 });
  app.register(require('@fastify/formbody'));
  app.register(require('@fastify/multipart'), { attachFieldsToBody: 'keyValues' });
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/account/login',
    handler(req, reply) {
      const status = report(req, 'login', req.body?.user, req.body?.pass);
      reply.header('X-Lab-Handler', 'login').code(status).send('wrong password\n');
    },
  });
  app.all('/account/basic', (req, reply) => {
    // As in many answers on the Web: no look at the scheme.
    const [user, pass] = Buffer.from((req.headers.authorization ?? '').split(' ')[1] ?? '', 'base64').toString().split(':');
    reply.header('X-Lab-Handler', 'login').code(report(req, 'login', user, pass)).send('wrong password\n');
  });
  app.setNotFoundHandler((req, reply) => {
    reply.header('X-Lab-Handler', 'other').code(report(req, 'other')).send('ok\n');
  });
  app.setErrorHandler((err, req, reply) => {
    report(req, 'error');
    reply.header('X-Lab-Handler', 'error').code(err.statusCode ?? 500).send('error\n');
  });
  await app.listen({ port, host: '127.0.0.1' });
};
