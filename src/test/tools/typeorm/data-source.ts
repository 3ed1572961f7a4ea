import { DataSource } from 'typeorm';
import { AiApproval } from './approval';

export default new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  entities: [AiApproval],
});
