'use strict';
// A GraphQL API on Express, as lenient as those in use: a request comes as
// JSON, in a batch, as a form, as `operations` of a multipart body, as text
// of type application/graphql or in the query. Every call of a login's
// resolver is one guess.

const { buildSchema, graphql } = require('graphql');
const express = require('express5');
const reporter = require('./report');

const schema = buildSchema(`
  input Native { user: String, pass: String }
  input Ways { native: Native, google: String }
  type Session { login(user: String, pass: String): Boolean }
  type Query { products(term: String): [String], me: Boolean }
  type Mutation {
    login(user: String, pass: String): Boolean
    authenticate(input: Ways): Boolean
    auth: Session
    addToCart(product: String, qty: Int): Boolean
  }
`);

const parsed = (value) => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

module.exports = function start(port) {
  const report = reporter('graphql');
  const app = express();
  app.use(express.json());
  app.use(express.urlencoded({ extended: true }));
  app.use(express.text({ type: 'application/graphql' }));
  app.use(require('multer')().any());
  app.all('/graphql', async (req, res) => {
    const login = ({ user, pass }) => {
      report(req, 'login', user, pass);
      return false;
    };
    const root = {
      login,
      authenticate: ({ input }) => (input?.native ? login(input.native) : false),
      auth: { login },
      addToCart: () => true,
      products: () => [],
      me: false,
    };
    let body = typeof req.body === 'string' ? { query: req.body } : req.body ?? {};
    if (body.operations !== undefined) body = parsed(body.operations) ?? {};
    const answers = [];
    for (const one of [body].flat()) {
      const source = req.query.query ?? one?.query;
      if (typeof source !== 'string') continue;
      answers.push(await graphql({
        schema, source, rootValue: root,
        variableValues: parsed(req.query.variables ?? one.variables),
        operationName: req.query.operationName ?? one.operationName,
      }).catch((err) => ({ errors: [{ message: err.message }] })));
    }
    report(req, 'answered');
    res.set('X-Lab-Handler', 'answered').json(answers.length === 1 ? answers[0] : answers);
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
