/** The public HTTP ports, and how a route hands a file to them. */
export type { Address, Limits, Sent } from './carrier/messages.ts';
export { type Remote, remoteOf } from './origin.ts';
export { send } from './outbox.ts';
export { BindError, type HttpServer, type HttpSettings, startHttp } from './server.ts';
