from __future__ import annotations

import aioboto3
import redis
from sqlalchemy import text


async def test_services_answer(services, database, redis_url):
    async with database.transaction() as session:
        assert (await session.execute(text("SELECT 1"))).scalar() == 1
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
    async with aioboto3.Session(services.s3.access_key, services.s3.secret_key).client(
        "s3", endpoint_url=services.s3.endpoint, region_name="us-east-1"
    ) as s3:
        await s3.put_object(Bucket="ecg", Key="a/b", Body=b"abc")
        assert (await (await s3.get_object(Bucket="ecg", Key="a/b"))["Body"].read()) == b"abc"


async def test_seaweed(seaweed):
    assert seaweed
