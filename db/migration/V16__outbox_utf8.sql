-- Events are UTF-8. Databases of other encodings may hold bytes that are no character there, or have
-- none in UTF-8: single-byte encodings are not verified where they are written. Such a row could be
-- recorded, and not be read again. Now it is refused where it is written, which for an expiry is one
-- approval, named as such.
DO $$
BEGIN
    IF getdatabaseencoding() <> 'UTF8' THEN
        ALTER TABLE outbox ADD CONSTRAINT outbox_utf8 CHECK (
            convert_to(concat(type, key, topic, headers::text, payload::text), 'UTF8') IS NOT NULL)
            NOT VALID;
    END IF;
END
$$;
