'use strict';
// Express 4 and 5 with the parsers their guides name: urlencoded (extended),
// json, and multer for multipart.

const reporter = require('./report');

// Express 4's apps often look in the body first and then in the query, as its
// old req.param did; those of Express 5 read the body.
module.exports = function start(express, backend, port, queryToo) {
  const report = reporter(backend);
  const app = express();
  app.use(express.urlencoded({ extended: true }));
  app.use(express.json());
  app.use(require('multer')().any());
  const take = (req, name) => req.body?.[name] ?? (queryToo ? req.query[name] : undefined);
  app[queryToo ? 'all' : 'post']('/account/login', (req, res) => {
    const status = report(req, 'login', take(req, 'user'), take(req, 'pass'));
    res.set('X-Lab-Handler', 'login').status(status).send('wrong password\n');
  });
  // Express 4 with the package basic-auth, Express 5 as in many guides.
  const basic = (req) => {
    if (queryToo) return require('basic-auth')(req);
    const token = (req.headers.authorization || '').replace(/^basic\s+/i, '');
    const [, name, pass] = Buffer.from(token, 'base64').toString().match(/^(.*?):(.*)$/s) ?? [];
    return { name, pass };
  };
  app.all('/account/basic', (req, res) => {
    const given = basic(req);
    const status = report(req, 'login', given?.name, given?.pass);
    res.set('X-Lab-Handler', 'login').status(status).send('wrong password\n');
  });
  app.use((req, res) => {
    res.set('X-Lab-Handler', 'other').status(report(req, 'other')).send('ok\n');
  });
  app.use((err, req, res, next) => {
    report(req, 'error');
    res.set('X-Lab-Handler', 'error').status(err.status ?? 500).send('error\n');
  });
  return app.listen(port, '127.0.0.1');
};
