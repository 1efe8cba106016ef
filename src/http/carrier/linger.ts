import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';

/** How long what is left of a body is read and thrown away, ms. */
const LINGER_MS = 5000;

/**
 * Once an answer is whole, whoever gave it is sent no more of the request's body: a client that never ends that would hold the
 * connection for ever. To be called for every answer.
 */
export function stopAtEnd(reply: IncomingMessage, req: IncomingMessage, upstream: ClientRequest): void {
  reply.once('end', () => {
    if (upstream.writableFinished) return;
    req.unpipe(upstream);
    req.resume();
    upstream.destroy();
  });
}

/**
 * For a refusal that comes before all of the request's body has, such as that of an upload. Who closes a connection with
 * bytes unread takes the answer away from the client as well (RFC 9112, 9.6), so those that {@link stopAtEnd} lets go are read
 * for a while. To be called before the head of the answer is written.
 */
export function linger(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete) return;
  // Else node:http closes right behind the answer where the client has said that it is its last request.
  res.shouldKeepAlive = true;
  res.once('finish', () => {
    if (req.complete) return;
    const { socket } = req;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    const over = (): void => clearTimeout(timer);
    req.once('end', over);
    socket.once('close', over);
  });
}
