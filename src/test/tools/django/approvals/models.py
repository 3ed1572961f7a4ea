from django.db import models


class AiApproval(models.Model):
    status = models.TextField(default="pending")
    version = models.IntegerField(default=1)
    expires_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "approvals"
        db_table = "ai_approvals"
