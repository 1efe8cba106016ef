/** `/api/v1/templates` */
import express, { Router } from 'express';
import { presentTemplate } from '../present.ts';
import type { Services } from '../services.ts';

/** The YAML is the body, whatever content type it is sent with. */
const yamlBody = express.text({ limit: '2mb', type: () => true });
const textOf = (body: unknown): string => (typeof body === 'string' ? body : '');

export function templateRoutes({ templates }: Services): Router {
  const routes = Router();
  routes.get('/', async (req, res) => {
    const { name } = req.query;
    const all = await templates.list();
    res.json({ data: all.filter((template) => name === undefined || template.name === name).map(presentTemplate) });
  });
  routes.post('/', yamlBody, async (req, res) => {
    res.status(201).json({ data: presentTemplate(await templates.create(textOf(req.body))) });
  });
  routes.get('/:reference', (req, res) => {
    res.json({ data: presentTemplate(templates.find(req.params.reference)) });
  });
  routes.put('/:reference', yamlBody, async (req, res) => {
    res.json({ data: presentTemplate(await templates.update(req.params.reference ?? '', textOf(req.body))) });
  });
  routes.delete('/:reference', async (req, res) => {
    res.json({ data: presentTemplate(await templates.delete(req.params.reference)) });
  });
  return routes;
}
