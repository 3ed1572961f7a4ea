-- Whether it was the storm guard that paused it. Only then does resuming confirm a storm: whoever
-- resumes what a person paused has not seen one, should it have broken meanwhile.
ALTER TABLE pause ADD COLUMN storm boolean NOT NULL DEFAULT false;
UPDATE pause SET storm = true WHERE reason LIKE 'storm guard: %';
DELETE FROM pause WHERE resumed_at IS NOT NULL AND NOT storm;
