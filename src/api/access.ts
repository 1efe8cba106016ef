/** Who is let in: the administrator's token for everything but the worker's own side. */
import type { Request, RequestHandler } from 'express';
import { TinsmithError } from '../errors.ts';
import { sameSecret } from './tokens.ts';

/** The bearer token of a request. */
export function bearerOf(req: Request): string | undefined {
  return tokenOf(req.get('authorization') ?? '');
}

/** The bearer token in a header Authorization. */
export function tokenOf(authorization: string): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** Whether a request carries the administrator's token. */
export function isAdministrator(req: Request, adminToken: string): boolean {
  const token = bearerOf(req);
  return token !== undefined && sameSecret(token, adminToken);
}

/** Lets only requests with the administrator's token by; the others fail with UNAUTHORIZED. */
export function administratorOnly(adminToken: string): RequestHandler {
  return (req, _res, next) => {
    if (isAdministrator(req, adminToken)) {
      next();
      return;
    }
    next(
      new TinsmithError(
        'UNAUTHORIZED',
        bearerOf(req) === undefined
          ? 'This needs the administrator’s token.'
          : 'This is not the administrator’s token.',
        {
          next: 'On the appliance itself the command line uses it unasked; elsewhere pass the file `token` of its data directory with --token-file.',
        },
      ),
    );
  };
}
