import 'reflect-metadata';
import { Column, Entity, Index, PrimaryGeneratedColumn, VersionColumn } from 'typeorm';

@Entity('ai_approvals')
@Index('ai_approvals_due', ['expiresAt', 'id'], { where: `status = 'pending'` })
export class AiApproval {
  @PrimaryGeneratedColumn('identity') id!: number;
  @Column({ type: 'text', default: 'pending' }) status!: string;
  @VersionColumn() version!: number;
  @Column({ type: 'timestamptz', name: 'expires_at' }) expiresAt!: Date;
  @Column({ type: 'timestamptz', name: 'executed_at', nullable: true }) executedAt!: Date | null;
}
