/** The public HTTP ports, and how a route hands a file to them. */
export type { Address, Limits, Passing, Sent, TlsPair } from './carrier/messages.ts';
export { readTlsPair, type TlsFiles, warnOfTime, watchTlsFiles } from './certificate.ts';
export type { DirectRoutes } from './direct-calls.ts';
export type { FileRoutes } from './file-routes.ts';
export { type Remote, remoteOf } from './origin.ts';
export { pass, send } from './outbox.ts';
export { BindError, type HttpServer, type HttpSettings, startHttp } from './server.ts';
export { hold, type StreamOwner, type Streams } from './streams.ts';
