'use strict';
// A GraphQL API on Express, as lenient as those in use: a request comes as
// JSON, in a batch, as a form, as `operations` of a multipart body, as text
// of type application/graphql or in the query. Every call of a login's
// resolver is one guess. Documents are also known by their hash (automatic
// persisted queries, as Apollo has them) and by a name; one login is known
// from the start, under both.

const { createHash } = require('node:crypto');
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

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const signIn = 'mutation SignIn($user:String,$pass:String){login(user:$user,pass:$pass)}';

module.exports = function start(port) {
  const report = reporter('graphql');
  const app = express();
  app.use(express.json());
  app.use(express.urlencoded({ extended: true }));
  app.use(express.text({ type: 'application/graphql' }));
  app.use(require('multer')().any());
  const known = new Map([[sha256(signIn), signIn], ['signin', signIn]]);
  const document = (req, one) => {
    const text = req.query.query ?? one?.query;
    const hash = parsed(req.query.extensions ?? one?.extensions)?.persistedQuery?.sha256Hash;
    if (text && typeof text === 'string') {
      if (hash === sha256(text)) known.set(hash, text);
      return text;
    }
    return known.get(hash) ?? known.get(req.query.id ?? one?.id ?? one?.documentId ?? one?.doc_id);
  };
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
      const source = document(req, one);
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
