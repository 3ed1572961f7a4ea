ALTER TABLE ai_approvals ADD note text;
