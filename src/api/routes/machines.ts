/** `/api/v1/machines` */
import express, { Router } from 'express';
import { unknownFields } from '../../machines/hardware.ts';
import { presentMachine } from '../present.ts';
import type { Services } from '../services.ts';
import type { Machine } from '../types.ts';
import type { LastSeen } from './worker.ts';

export function machineRoutes({ machines }: Services, lastSeen: LastSeen): Router {
  const routes = Router();
  const present = (machine: Parameters<typeof presentMachine>[0]): Machine =>
    presentMachine(machine, machines.work(machine.id), lastSeen.of(machine.id));
  routes.get('/', async (_req, res) => {
    res.json({ data: (await machines.list()).map(present) });
  });
  routes.post('/', express.json({ limit: '4mb', strict: false, type: () => true }), async (req, res) => {
    const inputs: unknown[] = Array.isArray(req.body) ? req.body : [req.body];
    const pushed = await machines.push(inputs);
    res.status(201).json({
      data: Array.isArray(req.body) ? pushed.map(present) : pushed.map(present)[0],
      warnings: pushed.flatMap((machine) =>
        unknownFields(machine.hardware).map((field) => `${field} is not known here; it is kept and not used`),
      ),
    });
  });
  routes.get('/:reference', (req, res) => {
    res.json({ data: present(machines.find(req.params.reference)) });
  });
  routes.delete('/:reference', async (req, res) => {
    const machine = await machines.delete(req.params.reference);
    res.json({ data: presentMachine(machine, { queue: [], ended: 0 }, undefined) });
  });
  return routes;
}
