/** Routes of operations: input is checked by the contract's schemas, and what the handler gives is sent. */
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { parseInput } from '../input.ts';
import { Conditions } from './conditions.ts';
import type { Body, Contract, Operation } from './operation.ts';

/** A router with all operations, to be mounted at `/api/v1`. */
export function mount(operations: readonly Operation[], guard: RequestHandler): Router {
  const routes = Router();
  for (const operation of operations) {
    const { contract } = operation;
    routes[contract.method](contract.path, guard, ...bodyParser(contract.body), (req, res) =>
      serve(operation, req, res),
    );
  }
  return routes;
}

async function serve({ contract, handle }: Operation, req: Request, res: Response): Promise<void> {
  const conditions = new Conditions(req, res);
  const given = await handle({
    params: req.params as Record<string, string>,
    query: contract.query ? parseInput(contract.query.strict(), req.query, 'the query') : {},
    body: bodyOf(contract, req.body),
    conditions,
    req,
    res,
  });
  if (contract.answer.kind === 'written') return;
  if (contract.method === 'get' && conditions.isKnown) res.status(304).end();
  else res.status(contract.answer.status ?? 200).json(given);
}

/** Whatever content type it is sent with: the contract says what it is. */
const type = (): boolean => true;

function bodyParser(body: Body | undefined): RequestHandler[] {
  switch (body?.kind) {
    case 'json':
      return [express.json({ limit: body.limit, strict: false, type })];
    case 'text':
      return [express.text({ limit: body.limit, type })];
    case 'bytes':
      return [express.raw({ limit: body.limit, type })];
    case 'stream':
    case undefined:
      return [];
  }
}

function bodyOf({ body }: Contract, sent: unknown): unknown {
  switch (body?.kind) {
    case 'json':
      // No body at all asks for nothing in particular.
      return parseInput(body.shape, sent ?? {});
    case 'text':
      return typeof sent === 'string' ? sent : '';
    case 'bytes':
      return Buffer.isBuffer(sent) ? sent : Buffer.alloc(0);
    case 'stream':
    case undefined:
      return undefined;
  }
}
