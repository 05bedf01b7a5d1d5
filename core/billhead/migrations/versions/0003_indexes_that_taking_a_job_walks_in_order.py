"""Indexes that taking a job walks in order."""

import sqlalchemy as sa
from alembic import op

import billhead.db

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('event_delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_event_delivery_state'))
        batch_op.create_index('ix_event_delivery_pending', ['plugin', 'state', 'event_id'], unique=False)

    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_due'))
        batch_op.create_index('ix_job_due', ['state', 'due_at', 'id', 'lane'], unique=False)
        batch_op.drop_index(batch_op.f('ix_job_lane'))
        batch_op.create_index('ix_job_lane', ['lane', 'state', 'due_at', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index('ix_job_lane')
        batch_op.create_index(batch_op.f('ix_job_lane'), ['lane', 'state'], unique=False)
        batch_op.drop_index('ix_job_due')
        batch_op.create_index(batch_op.f('ix_job_due'), ['state', 'due_at'], unique=False)

    with op.batch_alter_table('event_delivery', schema=None) as batch_op:
        batch_op.drop_index('ix_event_delivery_pending')
        batch_op.create_index(batch_op.f('ix_event_delivery_state'), ['state', 'due_at'], unique=False)
