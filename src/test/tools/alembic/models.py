from sqlalchemy import Column, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class AiApproval(Base):
    __tablename__ = "ai_approvals"

    id = Column(UUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()"))
    status = Column(Text, nullable=False, server_default="pending")
    version = Column(Integer, nullable=False, server_default="1")
    expires_at = Column(DateTime(timezone=True), nullable=False)
    executed_at = Column(DateTime(timezone=True))

    __table_args__ = (
        Index("ai_approvals_due", "expires_at", "id", postgresql_where=text("status = 'pending'")),
    )
