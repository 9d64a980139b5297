"""The smallest service with our libraries: what start-up costs before any code of ours."""

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "session": AsyncSession.__name__}
