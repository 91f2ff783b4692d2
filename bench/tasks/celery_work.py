"""The work as Celery does it: broker and results are named by the environment."""

import os

from celery import Celery

app = Celery("work", broker=os.environ["CELERY_BROKER"], backend=os.environ["CELERY_RESULTS"])


@app.task
def upper(body):
    return body.upper()
